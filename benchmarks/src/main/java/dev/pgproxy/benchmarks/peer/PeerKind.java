package dev.pgproxy.benchmarks.peer;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The ways to the server that can be measured. */
public enum PeerKind {
    DIRECT("direct", "", "") {
        @Override
        public Peer start(Site site) {
            return Peer.direct(site.server());
        }
    },

    PGPROXY_1("pgproxy, 1 worker", "", "") {
        @Override
        public Peer start(Site site) {
            return pgproxy(site, 1);
        }
    },

    PGPROXY_2("pgproxy, 2 workers", "", "") {
        @Override
        public Peer start(Site site) {
            return pgproxy(site, 2);
        }
    },

    PGPROXY_UNIX("pgproxy, 1 worker, Unix sockets", "", "") {
        @Override
        public Peer start(Site site) {
            return pgproxyAt(site, 1, site.socket(), site.serverSocket());
        }
    },

    PGBOUNCER("pgbouncer", "pgbouncer", "pgbouncer") {
        @Override
        public Peer start(Site site) {
            return OtherProgram.pgbouncer(site, site.address());
        }
    },

    PGBOUNCER_UNIX("pgbouncer, Unix sockets", "pgbouncer", "pgbouncer") {
        @Override
        public Peer start(Site site) {
            return OtherProgram.pgbouncer(site, site.socket());
        }
    },

    HAPROXY("haproxy, 2 threads", "haproxy", "haproxy") {
        @Override
        public Peer start(Site site) {
            return OtherProgram.haproxy(site);
        }
    },

    PGPOOL("pgpool-II", "pgpool", "pgpool2") {
        @Override
        public Peer start(Site site) {
            return OtherProgram.pgpool(site);
        }

        /** It keeps passwords in a file of its own, encrypted with a key of its own, which this benchmark does not set up. */
        @Override
        public boolean checksPasswords() {
            return false;
        }
    };

    /** The peer that all others are compared with. */
    public static final PeerKind YARDSTICK = PGBOUNCER;

    private static final Pattern VERSION = Pattern.compile("\\d+\\.\\d+[\\w.]*");

    private final String title;
    private final String program;
    private final String debianPackage;

    PeerKind(String title, String program, String debianPackage) {
        this.title = title;
        this.program = program;
        this.debianPackage = debianPackage;
    }

    /** Starts it in front of the site's server, and waits until it takes connections. */
    public abstract Peer start(Site site);

    /** Whether clients can log in through it with md5 and SCRAM as the benchmark configures it. */
    public boolean checksPasswords() {
        return true;
    }

    /** Its name in tables. */
    public String title() {
        return title;
    }

    /** The package of Debian that has it; empty when nothing has to be installed. */
    public String debianPackage() {
        return debianPackage;
    }

    /** Whether it can be started here. */
    public boolean isInstalled() {
        return program.isEmpty() || Programs.isInstalled(program);
    }

    /** Whether it is pgproxy. */
    public boolean isOurs() {
        return this == PGPROXY_1 || this == PGPROXY_2 || this == PGPROXY_UNIX;
    }

    /** The version that is installed; empty for the direct way and for pgproxy. */
    public String version() {
        if (program.isEmpty()) {
            return "";
        }
        Matcher version = VERSION.matcher(Programs.run(List.of(program, this == HAPROXY ? "-v" : "--version"))
                .output());
        return version.find() ? version.group() : "of unknown version";
    }

    /** Starts pgproxy with this many pool-workers. */
    public static Peer pgproxy(Site site, int workers) {
        return pgproxyAt(site, workers, site.address(), site.server());
    }

    private static Peer pgproxyAt(Site site, int workers, Endpoint listen, Endpoint server) {
        ProxyProcess proxy = ProxyProcess.startWithFiles(
                site.openFiles(),
                site.distribution(),
                List.of(
                        "listen = " + listen,
                        "master = " + server,
                        "proxy_worker_num = " + workers,
                        "max_client_conn = " + site.clients(),
                        "listen_backlog = " + Site.BACKLOG,
                        "active_cnn_timeout = 0"));
        return new Peer() {
            @Override
            public Endpoint address() {
                return listen;
            }

            @Override
            public List<ProcessHandle> processes() {
                return Peer.family(proxy.master().toHandle());
            }

            @Override
            public void close() {
                proxy.close();
            }
        };
    }
}
