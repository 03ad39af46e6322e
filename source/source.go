// Package source makes typed tables of files.
//
// A file is opened and decoded (open), cut into rows and cells (sniff, record,
// batch; parquet writes its values as cells, too), and every cell of every row
// is looked at once to say what each column is (infer, column): that is
// Describe. Load and LoadBy read the cells by the rules found then. Nothing is
// guessed from a sample but the delimiter, and no row is lost without being
// counted. Memory for Describe does not grow with the number of rows.
package source
