# twlab: labs about TCP's TIME_WAIT, on the real kernel, in virtual time
#
#   make            build ./twlab, the labs' programs and libtwlab.a
#   make demo       set up what is missing, build, run the labs, show what they found
#   make check      set up what is missing, build, run every test, fuzz for a minute
#   make fuzz       fuzz each reader for FUZZ_S seconds (300), on all cores
#   make deps       only the set-up: packages it names first, a kernel into the cache
#   make bench      measure, and print the figures with ratios
#   make install    into $(DESTDIR)$(PREFIX)
#   make clean      remove what was built
#
# CC=clang, SANITIZE=1 (address and undefined behaviour) and CFLAGS= work with each.

CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
version := 1.0

lib     := libnl-route-3.0 libnl-idiag-3.0 libnl-nf-3.0 libnl-3.0 libnftables jansson
libs    := $(lib) libarchive libkmod nettle
warn    := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Werror \
           -Wno-missing-field-initializers -Wno-missing-braces
flags   := -std=c11 -D_GNU_SOURCE -DTWLAB_VERSION='"$(version)"' -I. -I.build/include $(warn)

# Another compiler, SANITIZE or FUZZ means another set of objects, in its own folder.
kind    := $(if $(FUZZ),fuzz,$(notdir $(CC))$(if $(SANITIZE),-sanitize))
build   := .build/$(kind)
ifneq ($(SANITIZE)$(FUZZ),)
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=undefined $(if $(FUZZ),-fsanitize=fuzzer-no-link)
flags   += $(sanitize) -fno-omit-frame-pointer
endif

# The library's headers have one name, in the tree and where they are installed: <twlab/ns.h>.
public  := $(wildcard lib/*/*.h) labs/lab.h
$(shell mkdir -p .build/include/twlab && cd .build/include/twlab && ln -sf $(public:%=../../../%) .)

# A line a file; make V=1 shows the commands.
say      = $(if $(V),,@echo '  $(1) $@';)

# Folders are the lists.
libsrc  := $(wildcard lib/*/*.c)
src     := $(libsrc) $(filter-out harness/cli/main.c,$(wildcard harness/*/*.c)) \
           $(wildcard diagrams/*.c labs/*.c labs/plan/*.c labs/*/lab.c)
progs   := $(filter-out %/lab,$(patsubst %.c,%,$(wildcard labs/[0-9]*/*.c)))
assign  := $(foreach d,handout solution,$(wildcard labs/*/$(d)/*))
tests   := $(patsubst %.c,%,$(wildcard tests/*/test_*.c))
helpers := $(wildcard tests/helpers/*.c)
fuzz    := $(wildcard tests/fuzz/*.c)
obj      = $(patsubst %.c,$(build)/%.o,$(1))

all: twlab $(progs) libtwlab.a twlab.pc

ifneq ($(filter-out deps clean help,$(or $(MAKECMDGOALS),all)),)
have    := $(shell pkg-config --exists $(libs) && echo yes)
flags   += $(if $(have),$(shell pkg-config --cflags $(libs)))
# What is opened when wanted (libarchive) is no need of the program: PID 1 of a guest
# would have to bring it along.
LDLIBS  += -Wl,--as-needed $(if $(have),$(shell pkg-config --libs $(libs)))
endif

# The programs at the top are of the kind that was asked for last, however old.
FORCE:
twlab: $(build)/twlab FORCE
	@cmp -s $< $@ || cp $< $@
$(build)/twlab: $(call obj,harness/cli/main.c $(src))
	$(call say,LD)$(CC) $(CFLAGS) $(flags) $(LDFLAGS) $^ $(LDLIBS) -o $@
libtwlab.a: $(build)/libtwlab.a FORCE
	@cmp -s $< $@ || cp $< $@
$(build)/libtwlab.a: $(call obj,$(libsrc))
	$(call say,AR)rm -f $@; $(AR) rcs $@ $^
$(progs): %: %.c
	$(call say,CC)$(CC) $(CFLAGS) -std=c11 -D_GNU_SOURCE $(warn) $(LDFLAGS) $< -o $@
$(build)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS) $(flags) -MMD -MP -c $< -o $@
$(build)/all.a: $(call obj,$(src))
	$(call say,AR)rm -f $@; $(AR) rcs $@ $^
$(build)/tests/%.o: flags += -DBUILT_BY='"$(CC) $(sanitize)"'
$(build)/tests/base/test_fuzz: $(call obj,$(fuzz))
$(tests:%=$(build)/%): %: %.o $(call obj,$(helpers)) $(build)/all.a
	$(call say,LD)$(CC) $(CFLAGS) $(flags) $(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lcmocka -o $@
# The targets with libFuzzer, which is clang's.
ifdef FUZZ
$(build)/fuzz: $(call obj,$(fuzz)) $(build)/all.a
	$(call say,LD)$(CC) $(CFLAGS) $(flags) -fsanitize=fuzzer $(LDFLAGS) $^ $(LDLIBS) -o $@
else
.PHONY: .build/fuzz/fuzz
.build/fuzz/fuzz:
	@$(MAKE) --no-print-directory FUZZ=1 CC=clang CFLAGS='-O1 -g' $@
endif
-include $(shell find .build -name '*.d' 2>/dev/null)

# pkg-config --cflags --libs twlab: for this folder, and for where it is installed
pc       = printf '%s\n' 'Name: twlab' 'Description: labs on TIME_WAIT: topologies, captures, facts' \
           'Version: $(version)' 'Requires: $(lib)' 'Cflags: -I$(1)' 'Libs: -L$(2) -ltwlab'
twlab.pc: Makefile
	@$(call pc,$(CURDIR),$(CURDIR)) > $@

# What the targets that a new user types need is set up first, then they go on
# in a make of their own, which finds the libraries that were not there before.
check demo bench fuzz: deps
	@$(MAKE) -j$(shell nproc) --no-print-directory .$@

# libclang-rt-dev is what clang only recommends: the sanitizers and libFuzzer of that clang.
packages := gcc clang libclang-rt-dev pkg-config libnl-3-dev libnl-route-3-dev libnl-idiag-3-dev libnl-nf-3-dev \
            libnftables-dev libjansson-dev libarchive-dev libkmod-dev nettle-dev \
            libcmocka-dev graphviz fonts-dejavu-core qemu-system-x86 tshark tcc libxml2-utils \
            python3-yaml python3-jsonschema perl
deps:
	@tests/deps $(packages)
	@$(MAKE) --no-print-directory twlab
	@./twlab kernel fetch 6.1

.check: all $(tests:%=$(build)/%) .build/fuzz/fuzz
	@tests/all $(tests:%=$(build)/%) tests/fuzz/fuzzing
.fuzz: .build/fuzz/fuzz
	@FUZZ_S=$(or $(FUZZ_S),300) JOBS=$(shell nproc) tests/fuzz/fuzzing
.demo: all
	./twlab run all -o demo
.bench: all
	@tests/bench

at       = $(DESTDIR)$(PREFIX)
install: all
	install -Dt $(at)/bin twlab
	install -Dm644 -t $(at)/lib libtwlab.a
	install -Dm644 -t $(at)/include/twlab/lib lib/*.h
	install -Dm644 -t $(at)/include/twlab/labs labs/lab.h
	install -Dm644 -t $(at)/share/man/man1 harness/twlab.1
	@for p in $(progs); do install -D $$p $(at)/lib/twlab/$$p || exit; done
	@for p in $(wildcard labs/*/*.conf); do install -Dm644 $$p $(at)/lib/twlab/$$p || exit; done
	@for f in $(assign); do install -Dm644 $$f $(at)/lib/twlab/$$f || exit; done
	install -d $(at)/lib/pkgconfig
	@$(call pc,$(PREFIX)/include/twlab,$(PREFIX)/lib) > $(at)/lib/pkgconfig/twlab.pc
clean:
	rm -rf .build twlab twlab.pc libtwlab.a $(progs)
.SECONDARY:	# no object is deleted behind our back
.PHONY: all check demo bench fuzz deps install clean .check .demo .bench .fuzz
