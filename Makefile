# twlab: labs about TCP's TIME_WAIT, on the real kernel, in virtual time
#
#   make            build ./twlab, the labs' programs and libtwlab.a
#   make demo       set up what is missing, build, run the labs, show what they found
#   make check      set up what is missing, build, run every test, fuzz for a minute
#   make fuzz       fuzz each reader for FUZZ_S seconds (300), on all cores
#   make deps       only the set-up: packages it names first, a kernel into the cache
#   make bench      measure, and print the figures with ratios
#   make install    into $(DESTDIR)$(PREFIX); LIBDIR= and MANDIR= are elsewhere if you say so; make uninstall
#   make clean      remove what was built
#
# CC=clang, SANITIZE=1 (address and undefined behaviour) and CFLAGS= work with each.

CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
MANDIR  ?= $(PREFIX)/share/man
OBJCOPY ?= objcopy
version := 1.0
soname  := libtwlab.so.1
shared  := $(soname).0

lib     := libnl-route-3.0 libnl-idiag-3.0 libnl-nf-3.0 libnl-3.0 libnftables jansson nettle
libs    := $(lib) libarchive libkmod
warn    := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Werror \
           -Wno-missing-field-initializers -Wno-missing-braces
flags   := -std=c11 -D_GNU_SOURCE -DTWLAB_VERSION='"$(version)"' -fvisibility=hidden \
           -include lib/base/base.h -I. -I.build/include -I.build/internal $(warn)

# Another compiler, SANITIZE or FUZZ means another set of objects, in its own folder.
kind    := $(if $(FUZZ),fuzz,$(notdir $(CC))$(if $(SANITIZE),-sanitize))
build   := .build/$(kind)
ifneq ($(SANITIZE)$(FUZZ),)
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=undefined $(if $(FUZZ),-fsanitize=fuzzer-no-link)
flags   += $(sanitize) -fno-omit-frame-pointer
endif

# The library's headers have one name, in the tree and where they are installed: <twlab/ns.h>.
# A header with this pragma is public: it is installed, and libtwlab exports what it declares.
headers := $(wildcard lib/*/*.h)
public  := $(shell grep -l '^.pragma GCC visibility push(default)' $(headers)) labs/lab.h
links    = mkdir -p .build/$(1)/twlab && ln -sf $(2:%=../../../%) .build/$(1)/twlab; \
           rm -f $(filter-out $(addprefix .build/$(1)/twlab/,$(notdir $(2))),$(wildcard .build/$(1)/twlab/*.h))
$(shell $(call links,include,$(public)); $(call links,internal,$(filter-out $(public),$(headers))); \
        mkdir -p .build/compat/labs && ln -sf ../../../labs/lab.h .build/compat/labs)

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
fuzz    := $(filter-out %/test_fuzz.c,$(wildcard tests/fuzz/*.c))
obj      = $(patsubst %.c,$(build)/%.o,$(1))
comma   := ,

all: twlab $(progs) libtwlab.a $(build)/libtwlab.so twlab.pc

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
# One object, in which what is not public is local: it cannot clash with a user's own names.
$(build)/libtwlab.a: $(call obj,$(libsrc))
	$(call say,AR)rm -f $@; $(LD) -r $^ -o $(build)/libtwlab.o && \
		$(OBJCOPY) --localize-hidden $(build)/libtwlab.o && $(AR) rcs $@ $(build)/libtwlab.o
$(build)/lib/%.o: flags += -fPIC -fno-semantic-interposition
$(build)/$(shared): $(call obj,$(libsrc))
	$(call say,LD)$(CC) $(CFLAGS) $(flags) $(LDFLAGS) -shared -Wl,-soname,$(soname),--default-symver \
		$(if $(SANITIZE),,-Wl,-z$(comma)defs) $^ $(LDLIBS) -o $@
$(build)/libtwlab.so: $(build)/$(shared)
	$(call say,LN)ln -sf $(shared) $(build)/$(soname) && ln -sf $(soname) $@
$(progs): %: %.c
	$(call say,CC)$(CC) $(CFLAGS) -std=c11 -D_GNU_SOURCE $(warn) $(LDFLAGS) $< -o $@
$(build)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS) $(flags) -MMD -MP -c $< -o $@
$(build)/all.a: $(call obj,$(src))
	$(call say,AR)rm -f $@; $(AR) rcs $@ $^
$(build)/tests/%.o: flags += -DBUILT_BY='"$(CC) $(sanitize)"' -DBUILD='"$(build)"'
$(build)/tests/fuzz/test_fuzz: $(call obj,$(fuzz))
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
# (in quotes: a path may have blanks). Here it is the static library, which needs no place to be found at.
# compat has nothing but <labs/lab.h>, as <twlab/lab.h> was called.
pc       = printf '%s\n' 'libdir=$(1)' 'includedir=$(2)' 'Name: twlab' \
           'Description: labs on TIME_WAIT: topologies, captures, facts' 'Version: $(version)' '$(4): $(lib)' \
           'Cflags: -I"$${includedir}" -I"$(3)"' 'Libs: -L"$${libdir}" -ltwlab'
twlab.pc: Makefile
	@$(call pc,$(CURDIR),$(CURDIR)/.build/include,$(CURDIR)/.build/compat,Requires) > $@

# What the targets that a new user types need is set up first, then they go on
# in a make of their own, which finds the libraries that were not there before.
check demo bench fuzz: deps
	@$(MAKE) -j$(shell nproc) --no-print-directory .$@

# libclang-rt-dev is what clang only recommends: the sanitizers and libFuzzer of that clang.
packages := gcc clang libclang-rt-dev pkg-config libnl-3-dev libnl-route-3-dev libnl-idiag-3-dev libnl-nf-3-dev \
            libnftables-dev libjansson-dev libarchive-dev libkmod-dev nettle-dev \
            libcmocka-dev graphviz fonts-dejavu-core qemu-system-x86 tshark tcpdump tcc libxml2-utils \
            python3-yaml python3-jsonschema perl
deps:
	@tests/deps $(packages)
	@$(MAKE) --no-print-directory twlab
	@./twlab kernel fetch 6.1

.check: all $(tests:%=$(build)/%) .build/fuzz/fuzz
	@tests/all "tests/test_rooms $(build)" $(tests:%=$(build)/%) tests/fuzz/fuzzing
.fuzz: .build/fuzz/fuzz
	@FUZZ_S=$(or $(FUZZ_S),300) JOBS=$(shell nproc) tests/fuzz/fuzzing
.demo: all
	./twlab run all -o demo
.bench: all
	@tests/bench

# LIBDIR holds the library. The labs stay beside bin: twlab looks for them in ../lib/twlab.
at       = $(DESTDIR)$(PREFIX)
libdir   = $(DESTDIR)$(LIBDIR)
include  = $(at)/include/twlab
man      = $(DESTDIR)$(MANDIR)/man1
install: all
	install -Dt "$(at)/bin" twlab
	install -Dm644 -t "$(libdir)" libtwlab.a $(build)/$(shared)
	ln -sf $(shared) "$(libdir)/$(soname)"
	ln -sf $(soname) "$(libdir)/libtwlab.so"
	install -Dm644 -t "$(include)" $(public)
	install -Dm644 -t "$(include)/compat/labs" labs/lab.h
	install -Dm644 -t "$(man)" harness/twlab.1
	@for p in $(progs); do install -D $$p "$(at)/lib/twlab/$$p" || exit; done
	@for f in $(wildcard labs/*/*.conf) $(assign); do install -Dm644 $$f "$(at)/lib/twlab/$$f" || exit; done
	install -d "$(libdir)/pkgconfig"
	@$(call pc,$(LIBDIR),$(PREFIX)/include,$${includedir}/twlab/compat,Requires.private) > "$(libdir)/pkgconfig/twlab.pc"
	@[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || :
uninstall:
	rm -f "$(at)/bin/twlab" "$(man)/twlab.1" "$(libdir)/pkgconfig/twlab.pc"
	cd "$(libdir)" && rm -f libtwlab.a libtwlab.so $(soname) $(shared)
	rm -rf "$(include)" "$(at)/lib/twlab"
clean:
	rm -rf .build twlab twlab.pc libtwlab.a $(progs)
.SECONDARY:	# no object is deleted behind our back
.PHONY: all check demo bench fuzz deps install uninstall clean .check .demo .bench .fuzz
