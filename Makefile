# Segue: the commands a developer needs. `make run` and `make test` want
# nothing but Go.

GO      ?= go
TOOL    := $(GO) tool -modfile=.ci/tools/go.mod
LINT    := $(TOOL) golangci-lint
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

export CGO_ENABLED ?= 0

.PHONY: build run test clients js check lint fuzz oracle bench image clean

build: ## the binary, static
	$(GO) build -trimpath -ldflags "-s -w -X github.com/segue-dev/segue/internal/app.version=$(VERSION)" -o bin/segue ./cmd/segue

run: build ## the storefront example, with its visitors' signals as if just sent
	@examples/run.sh storefront

test: ## every test, with what it needs fetched; what it cannot run it says
	@! command -v npm >/dev/null || $(MAKE) --no-print-directory clients || echo "without the clients, tests under Node are skipped"
	CGO_ENABLED=$(RACE_CGO) $(TOOL) gotestsum --format pkgname --format-hide-empty-pkg -- $(RACE_FLAG) $$($(GO) list ./... | grep -Ev '$(WHOLE)')
	CGO_ENABLED=$(RACE_CGO) $(TOOL) gotestsum --format standard-verbose -- $(RACE_FLAG) -p 1 -timeout 45m $$($(GO) list ./... | grep -E '$(WHOLE)')
	$(GO) test -run Allocat $(ALLOC_PKGS)

# Tests of whole systems, in which others' programs ask, and answers have to come
# in time: they run one after another.
WHOLE := /clients/|/examples/(edge|next)

# The race detector allocates for itself, so allocation ceilings are built and
# run without it. They are the tests of these packages with Allocat in the name.
ALLOC_PKGS = $(sort $(dir $(shell grep -rl --include=*_test.go AllocsPerRun cmd config internal | sed 's|^|./|')))

# The race detector needs a C compiler: without one the tests run without it.
ifneq ($(shell command -v gcc || command -v cc),)
RACE_CGO  := 1
RACE_FLAG := -race
else
RACE_CGO  := 0
RACE_FLAG :=
endif

# What the tests of clients/acceptance judge us with, and what examples are built
# with; wants Node 20 and npm.
CLIENTS := $(addsuffix /node_modules/.package-lock.json,clients/acceptance examples/next)
clients: $(CLIENTS)
$(CLIENTS): %/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci
	touch $@

js: ## the client for browsers, from clients/js/src into clients/js/dist
	clients/js/build.sh

check: lint ## format, vet, lint, tidiness: what a change must pass besides its tests
	$(GO) vet ./...
	$(GO) mod tidy -diff
	$(GO) build ./...

lint:
	$(LINT) run ./...

FUZZTIME ?= 30s
fuzz: ## each fuzz target for FUZZTIME
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg; \
	  done; done

ORACLE_DIR  ?= build/oracle
ORACLE_LOGS ?= 4000
ORACLE_SEED ?= 1
oracle: ask     := node .ci/oracle/oracle.mjs
oracle: compare := $(GO) test -count=1 -v -run '^TestOracle$$' ./internal/segment -args
oracle: dir     := $(abspath $(ORACLE_DIR))
oracle: kept    := internal/segment/testdata/oracle
oracle: ## segment rules against ClickHouse, asked anew; wants Node and 550 MB
	cd .ci/oracle && npm install --no-save --no-audit --no-fund
	$(compare) -oracle-write $(dir) -oracle-logs $(ORACLE_LOGS) -oracle-seed $(ORACLE_SEED)
	$(ask) $(dir)
	$(compare) -oracle $(dir) -oracle-tight
	$(ask) $(dir)
	$(compare) -oracle $(dir)
	mkdir -p build/oracle-kept && cp $(kept)/cases.json build/oracle-kept
	$(ask) build/oracle-kept
	cmp build/oracle-kept/answers.json $(kept)/answers.json

BENCH ?= .
bench: ## the figures of docs/performance.md; compare ratios within one run only
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime 1s ./...

image: ## a container image, non-root and without a shell
	docker build --build-arg VERSION=$(VERSION) -t segue:$(VERSION) .

clean:
	rm -rf bin build
