# Parley.  `make help` lists what there is; `make run` and `make test` are all a newcomer needs.
#
# One folder is one program: its sources are the *.c in it and in its PARTS, its tests the *_test.c.

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
else ifeq ($(FLAVOUR),torture)
FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -fPIE
LD_FLAGS := -pie -fsanitize=address,undefined -Wl,--as-needed
TORTURE  := $(BUILD)/lib/libtorture.a
else ifeq ($(FLAVOUR),fuzz)
FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fPIE
LD_FLAGS := -pie -fsanitize=address,undefined -Wl,--as-needed
else ifeq ($(FLAVOUR),cover)
FLAGS := -O1 -g -fsanitize=fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping -fPIE
LD_FLAGS := -pie -fprofile-instr-generate -Wl,--as-needed
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

BUS_LIBS     := $(TORTURE) -lczmq -lzmq -lmsgpackc -lpthread
LIBS_broker  := $(BUS_LIBS)
LIBS_gateway := -lwebsockets -lev -lcjose -ljansson -lssl -lcrypto $(BUS_LIBS)
LIBS_auth    := -lcurl -lcjose -ljansson -lsodium -lcrypto $(BUS_LIBS)
LIBS_chat    := $(BUS_LIBS)
LIBS_drive   := -lmagic -lcrypto $(BUS_LIBS)
LIBS_store   := -lpq -lcrypto $(BUS_LIBS)
LIBS_cli     := -ljansson $(BUS_LIBS)
LIBS_common  := $(BUS_LIBS)
LIBS_proto   := $(if $(TORTURE),$(BUS_LIBS),-lmsgpackc)
INC_store    := -isystem $(shell pg_config --includedir 2>/dev/null)

DAEMONS  := $(patsubst services/%/main.c,%,$(wildcard services/*/main.c))
PROGRAMS := $(DAEMONS:%=$(BUILD)/bin/parley-%) $(BUILD)/bin/parley

PARTS_gateway := sessions identity files dialects documents ui
folders  = $(1) $(PARTS_$(notdir $(1)):%=$(1)/%)
src      = $(filter-out %_test.c,$(foreach f,$(call folders,$(1)),$(wildcard $(f)/*.c)))
objs     = $(patsubst %.c,$(BUILD)/obj/%.o,$(call src,$(1)))
core     = $(filter-out %/main.o,$(call objs,$(1)))
tests    = $(patsubst %.c,$(BUILD)/test/%,$(foreach f,$(call folders,$(1)),$(wildcard $(f)/*_test.c)))
quotes   = $(addprefix -iquote ,$(call folders,$(1)))

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
# sv_curl is for the programs that link libcurl alone.
CURL     := $(BUILD)/obj/services/common/sv_curl.o
$(COMMON): $(filter-out $(CURL),$(call objs,services/common))
$(HARNESS): $(call objs,tests/harness)
$(PROTO) $(COMMON) $(HARNESS) $(VERIFY):
	@mkdir -p $(@D)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(CC) $(CFLAGS) -iquote $(dir $<) $(INC_$(notdir $(patsubst %/,%,$(dir $<)))) -c -o $@ $<
	$(if $(TORTURE),$(if $(filter %_test.c tests/%,$<),,@objcopy --redefine-syms=tests/torture/symbols $@))

$(BUILD)/obj/services/gateway/%.o: CFLAGS += $(call quotes,services/gateway)

# Libraries of ours that one program needs beside common and proto.
OWN_cli := $(VERIFY)
OWN_auth := $(CURL)

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
$(BUILD)/test/services/common/sv_curl_test: $(CURL)
$(BUILD)/test/services/common/sv_curl_test: BUS_LIBS += -lcurl
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
	@$(MAKE) --no-print-directory -s $(PAGES_MODULES) || echo 'npm packages are missing: /swagger/ and /redoc/ are not served'
	@exec scripts/run

test: ## install what is missing, build, and run every test
	@scripts/deps test
	@$(MAKE) --no-print-directory -j2 all unit tools
	@$(MAKE) --no-print-directory $(E2E_MODULES)
	@scripts/test

ASAN_E2E := spine bad_input kill readme
asan: ## the same tests under AddressSanitizer and UBSan
	@scripts/deps test check
	@$(MAKE) --no-print-directory -j2 FLAVOUR=asan CC=clang all unit tools
	@$(MAKE) --no-print-directory $(E2E_MODULES)
	@BUILD=build/asan PARLEY_BIN_DIR=$(CURDIR)/build/asan/bin E2E="$(ASAN_E2E:%=tests/e2e/%.test.mjs)" scripts/test

check: ## warnings, formatting, static analysis, generated files
	@scripts/deps test check
	@scripts/check

format: ## format the sources
	clang-format -i $$(git ls-files --cached --others --exclude-standard '*.c' '*.h')

faults: ## every fault under load, and the table of verdicts (SEED=n, ROWS=a,b)
	@scripts/deps test
	@$(MAKE) --no-print-directory -j2 all tools
	@$(MAKE) --no-print-directory -j2 FLAVOUR=crash all build/crash/test/services/drive/drive_death_test
	@PARLEY_BIN=$(CURDIR)/build/crash/bin build/crash/test/services/drive/drive_death_test
	@$(MAKE) --no-print-directory $(E2E_MODULES)
	node tests/faults/faults.mjs

faults-short: ## the faults of CI (six minutes)
	@SHORT=1 $(MAKE) --no-print-directory faults

faults-controls: ## builds without one of the defences: each must be caught
	@scripts/deps test
	@$(MAKE) --no-print-directory -j2 all tools
	@$(MAKE) --no-print-directory -j2 FLAVOUR=crash all
	@$(MAKE) --no-print-directory $(E2E_MODULES)
	node tests/faults/controls.mjs

bench: ## measure, each row beside its yardstick
	@scripts/deps bench
	@$(MAKE) --no-print-directory -j2 all tools
	@$(MAKE) --no-print-directory $(E2E_MODULES)
	node tests/bench/bench.mjs
	node tests/bench/files.mjs

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

# proto/: generated documents.
DOCS := $(BUILD)/tools/pt_docs
$(DOCS): $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard proto/gen/*.c)) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^
docs: $(DOCS) ## regenerate proto/PROTOCOL.md and proto/messages.json
	@$< markdown > $(BUILD)/PROTOCOL.md && cp $(BUILD)/PROTOCOL.md proto/PROTOCOL.md
	@$< json > $(BUILD)/messages.json && cp $(BUILD)/messages.json proto/messages.json
docs-check: $(DOCS) ## fail when they are not what the tables say
	@$< markdown > $(BUILD)/PROTOCOL.md && diff -u proto/PROTOCOL.md $(BUILD)/PROTOCOL.md
	@$< json > $(BUILD)/messages.json && diff -u proto/messages.json $(BUILD)/messages.json
.PHONY: docs docs-check

# Fuzzing of all that reads what others send: one source a target, linked with whatever of the programs it needs.
FUZZ_SECONDS ?= 20
FUZZ_TARGETS := assemble broker body bulk codec config cookie cursor dialect envelope file front header image json log operator order route rows secret \
	sendq text token utf8 voice wheel
FUZZ_SEEDED  := codec envelope
FUZZ_FOLDERS := $(DAEMONS:%=services/%) cli
FUZZ_CORES   := $(foreach f,$(FUZZ_FOLDERS),$(BUILD)/lib/libcore-$(notdir $(f)).a)
FUZZ_LIBS    := $(LIBS_gateway) $(LIBS_auth) $(LIBS_drive) $(LIBS_store)
define core_library
$(BUILD)/lib/libcore-$(notdir $(1)).a: $(call core,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach f,$(FUZZ_FOLDERS),$(eval $(call core_library,$(f))))
$(FUZZ_TARGETS:%=$(BUILD)/obj/tests/fuzz/fuzz_%.o): | $(STORE_SQL)
$(BUILD)/obj/tests/fuzz/%.o: CFLAGS += $(foreach f,$(FUZZ_FOLDERS),$(call quotes,$(f))) $(INC_store)
ifneq ($(filter fuzz cover,$(FLAVOUR)),)
$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(FUZZ_CORES) $(COMMON) $(PROTO)
	@$(CC) $(LD_FLAGS) -fsanitize=fuzzer -o $@ $^ $(FUZZ_LIBS)
else
# replay.c holds all targets at once, so each entry gets the name of its file.
$(BUILD)/obj/tests/fuzz/fuzz_%.o: CFLAGS += -DLLVMFuzzerTestOneInput=$(notdir $*)
endif
$(BUILD)/obj/tests/fuzz/replay.o: CFLAGS += '-DFUZZ_LIST=$(foreach t,$(FUZZ_TARGETS),TARGET ($(t)))'
$(BUILD)/test/tests/fuzz/replay_test: $(patsubst %,$(BUILD)/obj/tests/fuzz/%.o,replay $(FUZZ_TARGETS:%=fuzz_%)) \
		$(FUZZ_CORES) $(COMMON) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ -lcmocka $(FUZZ_LIBS)
$(BUILD)/tools/seeds: $(BUILD)/obj/tests/fuzz/seeds.o $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ $(LIBS_proto)
fuzz-seeds: $(BUILD)/tools/seeds ## rewrite the corpora of codec and envelope from the tables
	@$< tests/fuzz/corpus
fuzz-build: $(FUZZ_TARGETS:%=$(BUILD)/fuzz_%)
unit: $(BUILD)/test/tests/fuzz/replay_test
fuzz: ## fuzz each target for FUZZ_SECONDS (20); finds grow build/fuzz/corpus
	@$(MAKE) --no-print-directory -j2 FLAVOUR=fuzz CC='$(FUZZ_CC)' fuzz-build
	@scripts/fuzz run $(FUZZ_SECONDS) $(FUZZ_TARGETS)
fuzz-keep: ## take the finds that reach new code into the committed corpora, minimised
	@scripts/fuzz keep $(filter-out $(FUZZ_SEEDED),$(FUZZ_TARGETS))
fuzz-coverage: ## lines that each target's corpora reach
	@scripts/deps check
	@$(MAKE) --no-print-directory -j2 FLAVOUR=cover CC='$(FUZZ_CC)' fuzz-build
	@scripts/fuzz coverage $(FUZZ_TARGETS)
FUZZ_CC := $(if $(findstring clang,$(CC)),$(CC),clang)
.PHONY: fuzz fuzz-build fuzz-seeds fuzz-keep fuzz-coverage

# Torture: calls of ours that fail one after the other, see tests/torture/torture.h.
TORTURE_SECONDS ?= 0
TORTURE_POINTS  ?= 0
TORTURE_SEED    ?= 1
ifneq ($(TORTURE),)
$(TORTURE): $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/torture/*.c))
	@mkdir -p $(@D)
	@ar rcs $@ $^
$(BUILD)/obj/tests/torture/%.o: CFLAGS += $(INC_store)
$(PROTO): | $(TORTURE)
endif
torture: ## fail every allocation, send, receive and query of ours in turn under the unit tests (hours)
	@scripts/deps test check
	@$(MAKE) --no-print-directory -j2 FLAVOUR=torture CC='$(FUZZ_CC)' all unit
	@scripts/torture $(TORTURE_SECONDS) $(TORTURE_POINTS) $(TORTURE_SEED) $(TORTURE_TESTS)
torture-short: ## the same for 30 seconds, at points that TORTURE_SEED chooses
	@$(MAKE) --no-print-directory torture TORTURE_SECONDS=30 TORTURE_POINTS=6
.PHONY: torture torture-short

# Threads: those of password hashing and of drive are ours, those of ZeroMQ (which free the chunks of bulk streams) are left out by the list.
TSAN_TESTS := services/auth/auth_password_test services/auth/auth_test services/common/sv_loop_test services/common/sv_bus_test \
	services/common/sv_bulk_test services/common/sv_pool_test services/drive/drive_test services/drive/drive_refusal_test \
	services/drive/drive_death_test
TSAN_RUN   := BUILD=build/tsan TSAN_OPTIONS="suppressions=$(CURDIR)/tests/tsan.supp halt_on_error=1 second_deadlock_stack=1"
tsan: ## the unit and harness tests under ThreadSanitizer
	@scripts/deps test check
	@$(MAKE) --no-print-directory -j2 FLAVOUR=tsan CC='$(FUZZ_CC)' all unit
	@$(TSAN_RUN) scripts/test unit
tsan-short: ## the tests with threads of ours or of the bus under ThreadSanitizer
	@$(MAKE) --no-print-directory -j2 FLAVOUR=tsan CC='$(FUZZ_CC)' all $(TSAN_TESTS:%=build/tsan/test/%)
	@for test in $(TSAN_TESTS); do $(TSAN_RUN) build/tsan/test/$$test || exit 1; done
.PHONY: tsan tsan-short

# How fast logs are judged.
$(BUILD)/tools/write_logs: $(BUILD)/obj/tests/bench/write_logs.o $(VERIFY) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ $(LIBS_proto)
bench-verify: $(BUILD)/bin/parley $(BUILD)/tools/write_logs ## time `parley verify` on the logs of ten million events
	@node tests/bench/verify.mjs
.PHONY: bench-verify

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

# sim/: the daemons' own code over a simulated network, clock and database.  What
# a real process alone has (sockets, loop, libpq, lws) is defined in sim/ itself.
SIM_BROKER  := core route peers requests events shell folder
SIM_STORE   := append rule batch fault
SIM_CHAT    := send fanout member room policy forward ops invite signal layer channel group name repeat
SIM_GATEWAY := gw_base64 gw_header gw_parse gw_text gw_time identity/gw_identity identity/gw_cookie identity/gw_revoked identity/gw_revoked_poll \
	gw_random dialects/gw_dialect_person dialects/gw_dialect_json sessions/gw_room sessions/gw_room_fetch sessions/gw_room_heads sessions/gw_order sessions/gw_ring sessions/gw_feed sessions/gw_frame sessions/gw_idmap \
	sessions/gw_outq sessions/gw_sendq sessions/gw_ws sessions/gw_ws_identity sessions/gw_ws_ops sessions/gw_ws_sub sessions/gw_ws_send \
	sessions/gw_seat sessions/gw_senders sessions/gw_track dialects/gw_said dialects/gw_voice_member
SIM_PARTS   := $(SIM_BROKER:%=services/broker/broker_%) $(SIM_STORE:%=services/store/store_%) \
	$(SIM_CHAT:%=services/chat/chat_%) $(SIM_GATEWAY:%=services/gateway/%)
SIM_CORE    := $(SIM_PARTS:%=$(BUILD)/obj/%.o) $(call core,sim)
INC_sim     := -iquote services/broker -iquote services/store -iquote services/chat $(call quotes,services/gateway) \
	$(INC_store)
# Not under torture: who fails calls there needs the libraries that sim/ stands in for.
all: $(if $(TORTURE),,$(BUILD)/bin/parley-sim)
$(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard sim/*.c)): | $(STORE_SQL)
$(BUILD)/bin/parley-sim: $(BUILD)/obj/sim/main.o $(SIM_CORE) $(VERIFY) $(COMMON) $(PROTO)
	@mkdir -p $(@D)
	@echo "  link  parley-sim"
	@$(CC) $(LD_FLAGS) -o $@ $^ -ljansson -lmsgpackc
$(BUILD)/test/sim/%: $(BUILD)/obj/sim/%.o $(SIM_CORE) $(VERIFY) $(COMMON) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ -lcmocka -ljansson -lmsgpackc
unit: $(if $(TORTURE),,$(call tests,sim))
SIM_SECONDS ?= 120
sim: $(BUILD)/bin/parley-sim ## simulate for SIM_SECONDS (120), from a seed of the clock or SEED
	@$< --seed $(or $(SEED),$$(date +%s)) --seconds $(SIM_SECONDS)
sim-bugs: $(BUILD)/bin/parley-sim ## whether the simulator finds each bug of sim/bugs
	@tests/sim/bugs
.PHONY: sim sim-bugs

# Preloaded by the fault row `memory`.
NO_MEMORY := $(BUILD)/tools/no_memory.so
tools: $(NO_MEMORY)
$(NO_MEMORY): tests/faults/memory/no_memory.c
	@mkdir -p $(@D)
	@$(CC) -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -fPIC -shared -o $@ $<

# The lists and texts of auth, compiled in: common passwords, sorted for a binary search, and templates of mails.
AUTH_GEN := $(BUILD)/gen/auth
INC_auth := -I$(AUTH_GEN)
$(AUTH_GEN)/auth_common.inc: services/auth/auth_common.txt
	@mkdir -p $(@D)
	@LC_ALL=C sort -u $< | sed 's/.*/"&",/' > $@.new && mv $@.new $@
$(AUTH_GEN)/mail_%.inc: services/auth/mail/%.txt
	@mkdir -p $(@D)
	@sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n"/' $< > $@.new && mv $@.new $@
$(BUILD)/obj/services/auth/auth_common.o: $(AUTH_GEN)/auth_common.inc
$(BUILD)/obj/services/auth/auth_mail_text.o: $(AUTH_GEN)/mail_confirm.inc $(AUTH_GEN)/mail_reset.inc

# Whether the time of a refused sign-in tells who exists.
TIMING_SAMPLES ?= 2000
$(BUILD)/obj/tests/bench/timing.o: CFLAGS += -iquote services/auth
$(BUILD)/tools/timing: $(BUILD)/obj/tests/bench/timing.o $(call core,services/auth) $(OWN_auth) $(HARNESS) $(COMMON) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ $(LIBS_auth) -lcmocka -lm
bench-timing: $(BUILD)/bin/parley-auth $(BUILD)/tools/timing ## compare the times of refused sign-ins, TIMING_SAMPLES (2000) for each reason
	@PARLEY_BIN=$(BUILD)/bin $(BUILD)/tools/timing $(TIMING_SAMPLES)
.PHONY: bench-timing

# Files beside nginx.
bench-files: ## time uploads and downloads beside nginx
	@scripts/deps bench
	@$(MAKE) --no-print-directory -j2 all
	@$(MAKE) --no-print-directory $(E2E_MODULES)
	@node tests/bench/files.mjs
.PHONY: bench-files

# How fast streams of bytes are, and what they take.
tools: $(BUILD)/tools/bulk
$(BUILD)/tools/bulk: $(BUILD)/obj/tests/bench/bulk.o $(COMMON) $(PROTO)
	@mkdir -p $(@D)
	@$(CC) $(LD_FLAGS) -o $@ $^ $(BUS_LIBS)

# Packages of npm, installed when their lock has changed: what tests need, and what the API's pages are made of.
PAGES_MODULES := services/gateway/documents/pages/node_modules/.package-lock.json
E2E_MODULES   := tests/e2e/node_modules/.package-lock.json $(PAGES_MODULES)
%/node_modules/.package-lock.json: %/package-lock.json
	@cd $* && npm ci --silent
	@touch $@

# Pages for people, compiled in; and the same in a browser, with two people at a time.
UI_FILES := $(BUILD)/gen/ui/ui_files.inc
INC_ui   := -I$(BUILD)/gen/ui
$(UI_FILES): services/gateway/ui/ui_files.sh $(wildcard services/gateway/ui/pages/* services/gateway/ui/files/*)
	@mkdir -p $(@D)
	@sh $< services/gateway/ui > $@.new && mv $@.new $@
$(BUILD)/obj/services/gateway/ui/gw_ui_files.o: $(UI_FILES)
pages-test: ## walk through the pages in a browser; screenshots in build/pages
	@scripts/deps test pages
	@$(MAKE) --no-print-directory -j2 all
	@$(MAKE) --no-print-directory $(E2E_MODULES)
	@node --test tests/pages/*.test.mjs
.PHONY: pages-test

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
