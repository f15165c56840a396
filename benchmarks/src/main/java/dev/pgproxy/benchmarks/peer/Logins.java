package dev.pgproxy.benchmarks.peer;

import java.util.List;

/** The users of the benchmark, one for each way to log in. */
public final class Logins {

    private static final String PASSWORD = "bench";

    /** Logs in without a password. */
    public static final Login TRUST = new Login("bench_trust", "trust");

    public static final Login MD5 = new Login("bench_md5", "md5");

    public static final Login SCRAM = new Login("bench_scram", "scram-sha-256");

    /** @param method as pg_hba.conf names it */
    public record Login(String user, String method) {

        /** Its password, which a user with trust has too, but never needs. */
        public String password() {
            return PASSWORD;
        }

        /** The lines of the server's pg_hba.conf. */
        public List<String> access() {
            return List.of("host all " + user + " 127.0.0.1/32 " + method, "local all " + user + " " + method);
        }

        /** The statements that make the role. */
        public List<String> creation() {
            return List.of(
                    "SET password_encryption = '" + (method.equals("md5") ? "md5" : "scram-sha-256") + "'",
                    "CREATE ROLE " + user + " LOGIN SUPERUSER PASSWORD '" + PASSWORD + "'");
        }
    }

    private Logins() {}

    /** All of them. */
    public static List<Login> all() {
        return List.of(TRUST, MD5, SCRAM);
    }
}
