# Two commands: `make run` and `make test`. Both work on a fresh clone with Node.js >= 20.19, npm, make and curl.

.DEFAULT_GOAL := help
.PHONY: help run test check build generate format docs interop bench clean

INSTALLED := node_modules/.package-lock.json
GENERATED := gen/descriptor-set.ts
BUILT := dist/.built
SOURCES := $(shell find src gen -name '*.ts' -not -name '*.test.ts' 2>/dev/null)
PROTOS := $(shell find proto -name '*.proto')

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 16

run: build ## Serve in the foreground on the embedded store, with mutual TLS (ARGS="--flag ..." for more)
	@exec node dist/src/main.js --init-certs $(ARGS)

test: build check ## Prove the service: format, lint, types, contract, generated code, and every test
	npx vitest run

check: $(INSTALLED) ## Format, lint, types, contract and generated code only
	npm run --silent check:format
	npm run --silent check:lint
	npm run --silent check:types
	npm run --silent check:proto
	npm run --silent check:generated
	npm run --silent check:docs

build: $(BUILT) ## Compile to dist/

generate: $(INSTALLED) ## Generate gen/ from proto/
	npm run --silent generate

format: $(INSTALLED) ## Format every file
	npm run --silent format

docs: $(INSTALLED) ## Write the generated parts of docs/
	npm run --silent docs

interop: build ## Call every method from Go, Python and Java (INTEROP_REQUIRE=go,python,java fails where one is missing)
	npx tsx interop/run.ts

bench: build ## Measure the service against its floors; QUICK=1 within a minute
	npx tsx bench/run.ts

clean: ## Remove what can be made again; certs/ and data/ stay
	rm -rf dist coverage node_modules .cache

$(INSTALLED): package.json package-lock.json
	@# Not `npm ci`: it refuses a lock file that lacks the binaries of other platforms, as happens where a registry does not have them all.
	npm install --no-save --no-fund --no-audit
	@touch $@

$(GENERATED): $(PROTOS) buf.gen.yaml scripts/generate.ts | $(INSTALLED)
	npm run --silent generate
	@touch $@

$(BUILT): $(INSTALLED) $(GENERATED) $(SOURCES) tsconfig.json tsconfig.build.json
	npm run --silent build
	@touch $@
