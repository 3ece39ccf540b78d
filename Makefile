# Parley.  `make help` lists what there is; `make run` and `make test` are all a newcomer needs.
#
# One folder is one program: its sources are the *.c in it, its tests the *_test.c.

CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
FLAVOUR ?= release
BUILD   ?= build/$(FLAVOUR)
PREFIX  ?= /usr/local

WARN := -std=c17 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror -Wshadow -Wpointer-arith -Wcast-qual -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wimplicit-fallthrough -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers
HARDEN := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
	-fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing -fPIE
HARDEN_LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen -Wl,--as-needed

ifeq ($(FLAVOUR),asan)
FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -fPIE
LD_FLAGS := -pie -fsanitize=address,undefined -Wl,--as-needed
else ifeq ($(FLAVOUR),tsan)
FLAGS := -O1 -g -fsanitize=thread -fPIE
LD_FLAGS := -pie -fsanitize=thread -Wl,--as-needed
else ifeq ($(FLAVOUR),crash)
FLAGS := -O2 -g $(HARDEN) -DPARLEY_CRASH_POINTS
LD_FLAGS := $(HARDEN_LD)
else
FLAGS := -O2 -g $(HARDEN)
LD_FLAGS := $(HARDEN_LD)
endif

CFLAGS += $(WARN) $(FLAGS) -MMD -MP -iquote proto -iquote services/common -iquote verify -iquote tests/harness

BUS_LIBS     := -lczmq -lzmq -lmsgpackc -lpthread
LIBS_broker  := $(BUS_LIBS)
LIBS_gateway := -lwebsockets -lev -lcjose -ljansson -lcrypto $(BUS_LIBS)
LIBS_auth    := -lcjose -ljansson -lsodium -lcrypto $(BUS_LIBS)
LIBS_chat    := $(BUS_LIBS)
LIBS_store   := -lpq $(BUS_LIBS)
LIBS_cli     := $(BUS_LIBS)
LIBS_common  := $(BUS_LIBS)
LIBS_proto   := -lmsgpackc
INC_store    := -isystem $(shell pg_config --includedir 2>/dev/null)

DAEMONS  := $(patsubst services/%/main.c,%,$(wildcard services/*/main.c))
PROGRAMS := $(DAEMONS:%=$(BUILD)/bin/parley-%) $(BUILD)/bin/parley

src      = $(filter-out %_test.c,$(wildcard $(1)/*.c))
objs     = $(patsubst %.c,$(BUILD)/obj/%.o,$(call src,$(1)))
core     = $(filter-out %/main.o,$(call objs,$(1)))
tests    = $(patsubst %.c,$(BUILD)/test/%,$(wildcard $(1)/*_test.c))

PROTO    := $(BUILD)/lib/libparley-proto.a
VERIFY   := $(BUILD)/lib/libparley-verify.a
COMMON   := $(BUILD)/lib/libparley-common.a
HARNESS  := $(BUILD)/lib/libparley-harness.a
UNIT     := $(call tests,proto) $(call tests,verify) $(call tests,services/common) $(call tests,tests/harness) \
	$(foreach d,$(DAEMONS),$(call tests,services/$(d))) $(call tests,cli)

.PHONY: help build all
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: all ## build every program
all: $(PROGRAMS)

$(PROTO): $(call objs,proto)
$(VERIFY): $(call objs,verify)
$(COMMON): $(call objs,services/common)
$(HARNESS): $(call objs,tests/harness)
$(PROTO) $(COMMON) $(HARNESS) $(VERIFY):
	@mkdir -p $(@D)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(CC) $(CFLAGS) -iquote $(dir $<) $(INC_$(notdir $(patsubst %/,%,$(dir $<)))) -c -o $@ $<

# Libraries of ours that one program needs beside common and proto.
OWN_cli := $(VERIFY)

define program
$(BUILD)/bin/$(1): $(call objs,$(2)) $(OWN_$(notdir $(2))) $(COMMON) $(PROTO)
	@mkdir -p $$(@D)
	@echo "  link  $(1)"
	@$(CC) $(LD_FLAGS) -o $$@ $$^ $(LIBS_$(notdir $(2)))
$(BUILD)/test/$(2)/%: $(BUILD)/obj/$(2)/%.o $(call core,$(2)) $(OWN_$(notdir $(2))) $(HARNESS) $(COMMON) $(PROTO)
	@mkdir -p $$(@D)
	@$(CC) $(LD_FLAGS) -o $$@ $$^ $(LIBS_$(notdir $(2))) -lcmocka $(BUS_LIBS) $(TEST_LIBS_$(notdir $(2)))
endef
$(foreach d,$(DAEMONS),$(eval $(call program,parley-$(d),services/$(d))))
$(eval $(call program,parley,cli))

$(BUILD)/test/proto/%: $(BUILD)/obj/proto/%.o $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ -lcmocka $(LIBS_proto)
$(BUILD)/test/verify/%: $(BUILD)/obj/verify/%.o $(VERIFY) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ -lcmocka $(LIBS_proto)
$(BUILD)/test/services/common/%: $(BUILD)/obj/services/common/%.o $(HARNESS) $(COMMON) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ -lcmocka $(BUS_LIBS)
$(BUILD)/test/tests/harness/%: $(BUILD)/obj/tests/harness/%.o $(HARNESS) $(COMMON) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ -lcmocka $(BUS_LIBS)

.SECONDARY:
TOOLS := $(BUILD)/tools/vandal $(BUILD)/tools/ws_load $(BUILD)/tools/raw_server $(BUILD)/tools/insert
$(BUILD)/obj/tests/bench/insert.o: CFLAGS += $(INC_store)
$(BUILD)/tools/%: $(BUILD)/obj/tests/bench/%.o
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ -lpq
$(BUILD)/tools/%: $(BUILD)/obj/tests/fakes/%.o $(COMMON) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ $(BUS_LIBS)

.PHONY: unit tools deps run test asan check format faults faults-short faults-controls bench fresh-test
unit: $(UNIT) $(PROGRAMS) ## build the unit and harness tests

tools: $(TOOLS)

deps: ## install what is missing (Debian packages)
	@scripts/deps run

run: ## install what is missing, build, and run all of Parley here (Ctrl-C stops)
	@scripts/deps run
	@$(MAKE) --no-print-directory -j2 all
	@exec scripts/run

test: ## install what is missing, build, and run every test
	@scripts/deps test
	@$(MAKE) --no-print-directory -j2 all unit tools
	@cd tests/e2e && npm ci --silent
	@scripts/test

ASAN_E2E := spine bad_input kill readme
asan: ## the same tests under AddressSanitizer and UBSan
	@scripts/deps test check
	@$(MAKE) --no-print-directory -j2 FLAVOUR=asan CC=clang all unit tools
	@cd tests/e2e && npm ci --silent
	@BUILD=build/asan PARLEY_BIN_DIR=$(CURDIR)/build/asan/bin E2E="$(ASAN_E2E:%=tests/e2e/%.test.mjs)" scripts/test

check: ## warnings, formatting, static analysis, generated files
	@scripts/deps test check
	@scripts/check

format: ## format the sources
	clang-format -i $$(git ls-files --cached --others --exclude-standard '*.c' '*.h')

faults: ## every fault under load, and the table of verdicts (SEED=n, ROWS=a,b)
	@scripts/deps test
	@$(MAKE) --no-print-directory -j2 all tools
	@$(MAKE) --no-print-directory -j2 FLAVOUR=crash all
	@cd tests/e2e && npm ci --silent
	node tests/faults/faults.mjs

faults-short: ## the faults of CI (two minutes)
	@SHORT=1 $(MAKE) --no-print-directory faults

faults-controls: ## builds without one of the defences: each must be caught
	@scripts/deps test
	@$(MAKE) --no-print-directory -j2 all tools
	@cd tests/e2e && npm ci --silent
	node tests/faults/controls.mjs

bench: ## measure, each row beside its yardstick
	@scripts/deps test
	@$(MAKE) --no-print-directory -j2 all tools
	@cd tests/e2e && npm ci --silent
	node tests/bench/bench.mjs

fresh-test: ## the README's two commands in a bare Debian 12, as root and as a sudo user
	@scripts/deps fresh
	@scripts/fresh-test

clean: ## remove what was built
	rm -rf build

# The store's SQL files become one list of macros that store_sql.c embeds.
STORE_SQL := $(BUILD)/gen/store/store_sql.inc
INC_store += -I$(BUILD)/gen/store
$(STORE_SQL): services/store/store_sql_table.sh $(wildcard services/store/sql/*.sql services/store/migrations/*.sql)
	@mkdir -p $(@D)
	@sh $< services/store > $@.new && mv $@.new $@
$(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard services/store/*.c)): | $(STORE_SQL)
$(BUILD)/obj/services/store/store_sql.o: $(STORE_SQL)

# proto/: generated documents, and fuzzing of what reads untrusted bytes.
DOCS         := $(BUILD)/tools/pt_docs
FUZZ_SECONDS ?= 20
FUZZ_TARGETS := codec envelope
unit: $(BUILD)/test/tests/fuzz/replay_test
$(DOCS): $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard proto/gen/*.c)) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^
docs: $(DOCS) ## regenerate proto/PROTOCOL.md and proto/messages.json
	@$< markdown > $(BUILD)/PROTOCOL.md && cp $(BUILD)/PROTOCOL.md proto/PROTOCOL.md
	@$< json > $(BUILD)/messages.json && cp $(BUILD)/messages.json proto/messages.json
docs-check: $(DOCS) ## fail when they are not what the tables say
	@$< markdown > $(BUILD)/PROTOCOL.md && diff -u proto/PROTOCOL.md $(BUILD)/PROTOCOL.md
	@$< json > $(BUILD)/messages.json && diff -u proto/messages.json $(BUILD)/messages.json
# replay.c holds all targets at once, so each entry gets the name of its file.
$(BUILD)/obj/tests/fuzz/fuzz_%.o: CFLAGS += -DLLVMFuzzerTestOneInput=$(notdir $*)
$(BUILD)/test/tests/fuzz/replay_test: $(patsubst %,$(BUILD)/obj/tests/fuzz/%.o,replay $(FUZZ_TARGETS:%=fuzz_%)) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ -lcmocka $(LIBS_proto)
$(BUILD)/tools/seeds: $(BUILD)/obj/tests/fuzz/seeds.o $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ $(LIBS_proto)
fuzz-seeds: $(BUILD)/tools/seeds ## rewrite the committed corpora from the tables
	@mkdir -p $(FUZZ_TARGETS:%=tests/fuzz/corpus/%)
	@$< tests/fuzz/corpus
build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(call src,proto) $(wildcard proto/*.h proto/*.def)
	@mkdir -p $(@D)
	@clang $(WARN) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -iquote proto -iquote tests/fuzz \
		-o $@ $(filter %.c,$^) $(LIBS_proto)
fuzz: $(FUZZ_TARGETS:%=build/fuzz/fuzz_%) ## fuzz for FUZZ_SECONDS (20) each; finds grow build/fuzz/corpus
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p build/fuzz/corpus/$$target && \
		build/fuzz/fuzz_$$target -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=512 -max_len=8192 \
			-artifact_prefix=build/fuzz/$$target- build/fuzz/corpus/$$target tests/fuzz/corpus/$$target || exit 1; \
	done
.PHONY: docs docs-check fuzz fuzz-seeds

# The load client of the fault runs.
LOAD_DIR   := tests/faults/load
LIBS_load  := -ljansson
unit: $(call tests,$(LOAD_DIR))
tools: $(BUILD)/tools/load
$(BUILD)/tools/load: $(call objs,$(LOAD_DIR)) $(VERIFY) $(PROTO)
	@mkdir -p $(@D)
	@echo "  link  load"
	@$(CC) $(LD_FLAGS) -o $@ $^ $(LIBS_load) $(LIBS_proto)
$(BUILD)/test/$(LOAD_DIR)/%: $(BUILD)/obj/$(LOAD_DIR)/%.o $(call core,$(LOAD_DIR)) $(VERIFY) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ -lcmocka $(LIBS_load) $(LIBS_proto)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
