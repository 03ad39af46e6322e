// Package scope is the first agent: it reads a request in plain English and
// the catalog of the tables, and says what is to be predicted, for whom, from
// what, and when it is good enough.
//
// There is no language model in it. A request goes through a small grammar
// (grammar.go, docs/scope-grammar.md) whose clauses need no table; what is
// left is compared with the names and values of the columns. Every part of the
// scope is linked to the words or columns that caused it. What was taken for
// granted is listed with its confidence; where a wrong guess would answer
// another question than the one asked, there is a typed question instead.
package scope
