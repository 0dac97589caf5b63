# Everything a developer does with Crier. It needs Go and make; make test and
# make lint get the rest by themselves.

TOOLS    := apps/internal/tools
LINT     := bin/golangci-lint
SPECTRAL := bin/spectral/node_modules/.bin/spectral
SPECTRAL_VERSION := 6.16.3
PROGRAMS := server worker
SERVICES := go run ./apps/internal/devservices --
GIT      := git -c safe.directory=$(CURDIR)
GOTEST   := go test -race -shuffle=on -timeout=10m
# The server is to stay a small download.
MAX_BINARY_MIB := 45

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' Makefile

## Use it

.PHONY: run
run: ## Run the server on http://localhost:3000 with SQLite in ./data; SIMULATOR=1: all platforms played here
	BIND_ADDRESS=$${BIND_ADDRESS:-127.0.0.1} go run $(if $(SIMULATOR),./apps/internal/simulate,./apps/server -welcome)

.PHONY: demo
demo: ## Show the main job from end to end by itself, with a hard kill in the middle
	go run ./apps/internal/demo

.PHONY: build
build: ## Build the programs into ./bin, static
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/ $(PROGRAMS:%=./apps/%)

.PHONY: build-all
build-all: ## Build the programs for every system that they are made for
	@set -e; for target in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64; do \
		echo "$$target"; \
		CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/} \
			go build -trimpath -ldflags='-s -w' -o "bin/$${target%/*}-$${target#*/}/" $(PROGRAMS:%=./apps/%); \
	done

## Test it

.PHONY: test
test: compiler ## Run all tests, with the services that they need (started and stopped by itself)
	$(SERVICES) $(GOTEST) ./...

.PHONY: test-fast
test-fast: compiler ## Run the tests that need no service
	$(GOTEST) ./...

.PHONY: test-all
test-all: compiler ## Run all tests, also those against servers that others wrote
	$(SERVICES) $(GOTEST) -tags=peers ./...

# The packages that have such tests, which are all called TestReal.
PEERS = $(sort $(dir $(shell grep -rl '^//go:build peers' --include='*_test.go' .)))

.PHONY: test-peers
test-peers: compiler ## Run the tests against servers and programs that others wrote: Mastodon, Bluesky, feeds, OpenID
	$(GOTEST) -tags=peers -run='^TestReal' $(PEERS)

.PHONY: test-provider
test-provider: name ## Run the tests of one provider: make test-provider NAME=mastodon
	go test -v ./providers/$(NAME)/...

.PHONY: cover
cover: ## Measure how much of the code the tests reach, into coverage.out
	$(SERVICES) go test -coverprofile=coverage.out ./...
	go tool cover -func=coverage.out | tail -n 1

.PHONY: sim
sim: ## Run the simulation: make sim SEED=1 N=100000; N=0 shows all that happens in one seed's world
	go run ./apps/internal/sim -seed=$(or $(SEED),1) -n=$(or $(N),100000)

.PHONY: kill
kill: ## Kill real processes while they publish: make kill SEED=1 N=2000
	$(SERVICES) go run ./apps/internal/killtest -seed=$(or $(SEED),1) -n=$(or $(N),2000)

.PHONY: fuzz-api
fuzz-api: ## Send requests to the API that nobody should: make fuzz-api SEED=1 N=2000 for each operation
	$(SERVICES) go test ./apps/internal/e2e -run TestRequestsThatNobodyShouldSend -timeout 60m -fuzzseed=$(or $(SEED),1) -fuzzcount=$(or $(N),2000)

.PHONY: bench
bench: ## Measure the numbers of docs/performance.md on this machine
	$(SERVICES) go run ./apps/internal/bench

## Change it

.PHONY: provider
provider: name ## Begin a new provider: make provider NAME=foo
	go run ./apps/internal/scaffold $(NAME)

.PHONY: gen
gen: ## Make the generated files anew: every command in apps/internal/gen
	@set -e; for dir in apps/internal/gen/*/; do go run "./$$dir"; done

.PHONY: format
format: $(LINT) ## Format the code
	$(LINT) fmt ./...

.PHONY: lint
lint: $(LINT) ## Look for mistakes and bad style
	$(LINT) run --build-tags=peers ./...

.PHONY: lint-api
lint-api: $(SPECTRAL) ## Look for mistakes in the OpenAPI document; needs npm
	$(SPECTRAL) lint --ruleset .spectral.yaml --fail-severity=hint docs/openapi.json docs/openapi.yaml

.PHONY: tidy
tidy: ## Put go.mod and go.sum in order
	go mod tidy
	go -C $(TOOLS) mod tidy

## Check it

.PHONY: verify
verify: verify-generated lint vet verify-modules verify-size verify-api verify-example ## Check everything that is not a test: generated files, style, modules, binary

.PHONY: verify-example
verify-example: ## Test the provider that lives in a module of its own, which must need nothing but Crier
	cd docs/examples/ntfy && GOWORK=off go vet ./... && GOWORK=off go test ./... && test ! -e go.sum

.PHONY: vet
vet: ## Run go vet
	go vet -tags=peers ./...

# What git sees before and after must be the same. The files that are not
# committed yet count as well, so that this also works amid a change.
.PHONY: verify-generated
verify-generated: ## Fail where a generated file is stale
	@state() { { $(GIT) diff HEAD; $(GIT) ls-files -z --others --exclude-standard | xargs -0 -r cat; } | cksum; }; \
	before=$$(state); $(MAKE) --no-print-directory gen || exit 1; \
	if [ "$$before" != "$$(state)" ]; then \
		$(GIT) status --short; echo "Generated files were stale. They are fresh now: look at them and commit them."; exit 1; \
	fi

.PHONY: verify-modules
verify-modules: ## Fail where go.mod is out of order or a downloaded module was changed
	go mod tidy -diff
	go mod verify

# The document is linted by what others lint theirs with. It needs npm, which a
# change of the code does not.
.PHONY: verify-api
verify-api: ## Lint the OpenAPI document, where npm is there
	@if command -v npm > /dev/null 2>&1; then $(MAKE) --no-print-directory lint-api; else echo "The OpenAPI document was not linted: there is no npm here."; fi

.PHONY: verify-size
verify-size: build ## Fail where the server's binary has grown too large
	@size=$$(($$(wc -c < bin/server) >> 20)); echo "bin/server: $$size MiB"; \
	if [ $$size -gt $(MAX_BINARY_MIB) ]; then echo "That is more than $(MAX_BINARY_MIB) MiB."; exit 1; fi

# The linter lives in a module of its own, so that what it needs does not end
# up in ours. Building it takes some minutes the first time.
$(LINT): $(TOOLS)/go.mod $(TOOLS)/go.sum
	@echo "Building the linter; this takes some minutes the first time."
	go build -C $(TOOLS) -o $(CURDIR)/$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

$(SPECTRAL):
	@command -v npm > /dev/null 2>&1 || { echo "Linting the OpenAPI document requires npm. Install Node.js."; exit 1; }
	npm install --silent --no-audit --no-fund --prefix bin/spectral @stoplight/spectral-cli@$(SPECTRAL_VERSION)
	@touch $@

.PHONY: compiler
compiler: # the race detector needs a C compiler
	@if command -v "$$(go env CC)" > /dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		echo "Installing gcc, which the race detector needs."; \
		apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev; \
	else \
		echo "The race detector needs a C compiler. Install gcc, for example: sudo apt-get install gcc libc6-dev"; exit 1; \
	fi

.PHONY: name
name: # NAME must be given
	@case "$(NAME)" in ''|*[!a-z0-9]*) echo "Give the name of a provider in small letters: make $(firstword $(MAKECMDGOALS)) NAME=foo"; exit 1;; esac
