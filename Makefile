# Each command does its own set-up.
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
SWIFT_FLAGS := --explicit-target-dependency-import-check error
# Nobody links against the program: names exported for that, and relocations in the long form, would take eight megabytes of it. The short
# form is read by glibc 2.36 and later.
PACKED := $(shell [ "$$(getconf GNU_LIBC_VERSION | tr -dc 0-9)" -ge 236 ] 2>/dev/null && echo -Xlinker -z -Xlinker pack-relative-relocs)
# Without the cache, the commit is stamped at each build.
RELEASE_FLAGS := --disable-build-manifest-caching -c release --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker --no-export-dynamic $(PACKED)
AGENT := .build/debug/agent
BUILD_PACKAGES := libcurl4-openssl-dev libssl-dev libbrotli-dev libc-ares-dev libidn2-dev libkrb5-dev libldns-dev libre2-dev libsqlite3-dev libxml2-dev \
 zlib1g-dev pkg-config
TEST_PACKAGES := prometheus prometheus-alertmanager prometheus-blackbox-exporter nginx-light nsd unbound openssl gnutls-bin python3 curl iproute2 \
 python3-cryptography python3-grpcio python3-websockets python3-venv stunnel4 postfix dovecot-imapd dovecot-pop3d slapd apache2 libapache2-mod-auth-gssapi krb5-kdc \
 krb5-admin-server python3-gssapi victoria-metrics chromium fonts-liberation sqlite3
BENCH_PACKAGES := nginx-light prometheus prometheus-blackbox-exporter prometheus-pushgateway monitoring-plugins-basic wrk openssl python3
DEB_PACKAGES := build-essential debhelper git python3
PACKAGE_TEST_PACKAGES := debootstrap iproute2 lintian python3-venv util-linux
PREFIX ?= /usr/local
SECONDS ?= 300
ROUNDS ?= 5

.PHONY: demo test test-in differential fuzz lint fmt unit check build release install deb test-package soak bench

demo: build
	$(AGENT) demo

# Packages are installed only where one is missing; a service that Debian would start is not wanted.
packages-%:
	@dpkg -s $($*) >/dev/null 2>&1 || { $(SUDO) apt-get update -qq && \
	 $(SUDO) env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $($*); }

build: packages-BUILD_PACKAGES
	swift build $(SWIFT_FLAGS) --product agent

fmt:
	swift format format --in-place --recursive --parallel Package.swift Sources Tests

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests
	.ci/layering
	.ci/links

test: packages-BUILD_PACKAGES packages-TEST_PACKAGES lint
	swift build $(SWIFT_FLAGS) --build-tests
	cd dashboards/prometheus && promtool check config prometheus.yml shards.yml && promtool check config --agent agent-mode.yml
	promtool test rules dashboards/prometheus/alerts_test.yaml dashboards/prometheus/vantage_test.yaml dashboards/prometheus/once_test.yaml
	vmalert -dryRun -rule=dashboards/prometheus/vantage.yaml
	rm -f .build/tests*.xml
	/usr/bin/python3 -m venv --system-site-packages .build/python && .build/python/bin/pip install -q schemathesis==4.32.5 jsonschema==4.26.0 \
	  jsonnet==0.22.0 PyYAML==6.0.3 tree-sitter==0.26.0 tree-sitter-powershell==0.26.4 pyspnego==0.12.4 hypothesis==6.161.1 \
	  cryptography_vectors==50.0.2
	@# What failed is repeated at the end.
	swift test --skip-build --no-parallel --xunit-output .build/tests.xml \
	  || { grep -h -B1 '<failure' .build/tests*.xml | cut -c1-600; exit 1; }
	.build/python/bin/python .ci/snapshot
	.ci/kinds $(AGENT)
	.build/python/bin/python .ci/dashboards
	.ci/api
	.ci/commands
	.build/python/bin/python .ci/differential 150 1
	.ci/fuzz 20
	@# What is installed is built in another way, against other modules of the system.
	swift build $(RELEASE_FLAGS) --product agent
	.build/release/agent demo --once --listen 127.0.0.1:0 --state-directory .build/demo

# The test targets that need no server.
UNIT := ^(Addresses|Architecture|Expressions|Documents|Certificates|Concurrency|Probing|Monitoring|HealthManager|ProbeFiles|Exposition|StatusServer)Tests\.

unit: packages-BUILD_PACKAGES
	swift build $(SWIFT_FLAGS) --build-tests
	swift test --skip-build --filter '$(UNIT)'

check: lint unit

# The same on a clone of HEAD in a root of another Debian release, made with debootstrap and kept in ROOT: make test-in RELEASE=trixie
test-in:
	@dpkg -s debootstrap >/dev/null 2>&1 || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq debootstrap; }
	$(SUDO) env "PATH=$$PATH" ROOT=$(or $(ROOT),/var/tmp/agent-$(or $(RELEASE),trixie)) .ci/test-in $(or $(RELEASE),trixie)

# PAIRS of random modules and servers, asked of blackbox_exporter and of the agent that 'make test' has built; SEED repeats a run.
PAIRS ?= 2000
differential: packages-TEST_PACKAGES
	swift build $(SWIFT_FLAGS) --product agent
	/usr/bin/python3 -m venv --system-site-packages .build/python && .build/python/bin/pip install -q hypothesis==6.161.1
	.build/python/bin/python .ci/differential $(PAIRS) $(SEED)

# Every fuzzer of Tests/Fuzzing for SECONDS, one a core; FUZZERS="dns cel" runs these alone.
fuzz: packages-BUILD_PACKAGES
	.ci/fuzz $(SECONDS) $(FUZZERS)

# A thousand probes every ten seconds against one server, for SECONDS; then ten thousand targets every minute, for twice as long; then a
# thousand hostile clients of each kind at the listener.
soak: packages-BUILD_PACKAGES packages-TEST_PACKAGES packages-BENCH_PACKAGES
	swift build $(RELEASE_FLAGS) --product agent
	python3 Tests/Performance/soak.py --agent .build/release/agent --seconds $(SECONDS)
	python3 Tests/Performance/soak_targets.py --agent .build/release/agent --seconds $$((2 * $(SECONDS)))
	python3 Tests/Performance/hostile_clients.py --agent .build/release/agent

# CPU and memory beside blackbox_exporter, Prometheus and Pushgateway, or beside another build of the agent: make bench BEFORE=PATH.
# Some twenty minutes, with nothing else running.
bench: packages-BUILD_PACKAGES packages-BENCH_PACKAGES
	swift build $(RELEASE_FLAGS) --product agent
	python3 Tests/Performance/bench.py --agent .build/release/agent --rounds $(ROUNDS) $(if $(BEFORE),--before $(BEFORE))

# With symbols and debug information; what is installed has none.
release: packages-BUILD_PACKAGES
	swift build $(RELEASE_FLAGS) --product agent

# A Debian package for this release of Debian or Ubuntu, in .build/deb; the debug information is a package of its own.
deb: packages-DEB_PACKAGES release
	.packaging/build-deb

# Installs, runs, upgrades and purges the package in a root with its own systemd, made with debootstrap and kept: make test-package RELEASE=trixie
test-package: packages-DEB_PACKAGES packages-PACKAGE_TEST_PACKAGES
	.packaging/test-package $(RELEASE)

install: release
	$(SUDO) install -D --strip .build/release/agent $(DESTDIR)$(PREFIX)/bin/agent
	$(SUDO) mkdir -p $(DESTDIR)$(PREFIX)/share/agent
	$(SUDO) cp -R probes dashboards $(DESTDIR)$(PREFIX)/share/agent/
