# make lists what there is to do.

TAGS    := duckdb_arrow
GOFLAGS_:= -tags $(TAGS)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
TOOL    := go tool -modfile=tools/go.mod
GOFILES := $(shell git ls-files -co --exclude-standard '*.go' 2>/dev/null)

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## bin/septet (needs Go 1.26 and g++)
	@scripts/needs
	@go build $(GOFLAGS_) -trimpath -ldflags '$(LDFLAGS)' -o bin/septet ./cmd/septet
	@ls -l bin/septet | awk '{printf "bin/septet  %.0f MB\n", $$5/1e6}'

.PHONY: demo
demo: build ## from nothing to a live endpoint, on tables that it makes itself
	@bin/septet demo

.PHONY: test
test: ## every test
	@scripts/needs
	@go test $(GOFLAGS_) ./...

.PHONY: race
race: ## every test under the race detector
	@go test $(GOFLAGS_) -race ./...

.PHONY: check
check: lint fused test ## what CI runs

.PHONY: fused
fused: ## no product that another processor would fuse with a sum, and so give a model other bits
	@scripts/fused

.PHONY: lint
lint: ## format, vet, staticcheck
	@scripts/needs
	@bad=$$($(TOOL) gofumpt -l $(GOFILES)); test -z "$$bad" || { echo "not formatted (make fmt):"; echo "$$bad"; exit 1; }
	@go vet $(GOFLAGS_) ./...
	@$(TOOL) staticcheck -tags $(TAGS) ./...

.PHONY: fmt
fmt: ## format every Go file
	@$(TOOL) gofumpt -w $(GOFILES)

.PHONY: deadcode
deadcode: ## functions that the program cannot reach
	@$(TOOL) deadcode $(GOFLAGS_) ./cmd/septet

.PHONY: schemas
schemas: ## write schemas/ from the Go types
	@go generate ./schemas

.PHONY: golden
golden: ## renew the golden files; then read the difference
	@go test $(GOFLAGS_) ./handoff -run Golden -update
	@git diff --stat

.PHONY: golden-files
golden-files: ## a further set of model files that every later version has to read
	@go test ./modelfile -run OldFiles -new-set
	@git status --short modelfile

.PHONY: golden-recipes
golden-recipes: ## the same of a recipe of features of events
	@go test $(GOFLAGS_) ./points -run OldRecipes -new-recipe
	@git status --short points

.PHONY: time-property
time-property: ## 10,000 worlds: nothing that becomes known after the snapshot changes a feature
	@go test $(GOFLAGS_) -count 1 -timeout 0 -v -run TestNothingAfterTheSnapshotCounts ./points -cases 10000

.PHONY: bench-leaks bench-memory bench-pipeline bench-quality bench-requests bench-xgboost
bench-pipeline: ## whole runs: how many complete, how fast, how near the best possible
	@go run $(GOFLAGS_) ./bench/pipeline $(ARGS)
bench-leaks: ## planted leaks that are found, clean columns that are not
	@go run $(GOFLAGS_) ./bench/leaks $(ARGS)
bench-quality: ## scores of ten folds beside bars and other programs (hours)
	@go run $(GOFLAGS_) ./bench/quality $(ARGS)
bench-memory: ## the largest resident set of a run, agent by agent
	@go run $(GOFLAGS_) ./bench/memory $(ARGS)
bench-requests: ## predictions, switches, loading and overload through the listener
	@go run $(GOFLAGS_) ./bench/requests $(ARGS)
bench-xgboost: ## boosted trees beside Debian's XGBoost
	@go run $(GOFLAGS_) ./bench/xgboost $(ARGS)

.PHONY: clean
clean: ## remove what make made
	@rm -rf bin
