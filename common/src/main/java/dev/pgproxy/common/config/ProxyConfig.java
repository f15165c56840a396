package dev.pgproxy.common.config;

import com.google.re2j.Pattern;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.StartupParameters;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The contents of the configuration file, checked and with defaults filled in. The keys are spelled as in the program that pgproxy ports; here the
 * servers are called primary and standbys.
 *
 * @param listen where clients connect; port 0 lets the system choose
 * @param workers number of pool-workers
 * @param entries every key, as shown to operators
 */
public record ProxyConfig(
        List<Endpoint> listen,
        UnixSocketAccess unixSockets,
        Servers servers,
        AdminLogin adminLogin,
        Timeouts timeouts,
        Limits limits,
        Logging logging,
        Files files,
        SocketTuning tuning,
        int workers,
        int receiveBytes,
        Routing routing,
        ClientConditions exemptions,
        ClientConditions singleUse,
        List<String> poolIgnoreParameters,
        Auth auth,
        AdminDatabase adminDatabase,
        Failover failover,
        StandbyLimits standbyLimits,
        Alerts alerts,
        List<ConfigEntry> entries) {

    /** @param promote the standby that takes over; empty for no failover */
    public record Servers(Endpoint primary, Optional<Endpoint> promote, List<Endpoint> standbys) {}

    /**
     * The superuser for probing, promotion and verifiers ({@code conninfo.*}).
     *
     * @param requireAuth methods by which a server may ask for the password, in libpq's terms
     */
    public record AdminLogin(String user, String password, String database, String requireAuth) {

        @Override
        public String toString() {
            return "AdminLogin[user=" + user + ", database=" + database + ", requireAuth=" + requireAuth + "]";
        }
    }

    /** @param activeConnection zero for no limit, as for {@code idleTransaction} */
    public record Timeouts(
            Duration idleConnection,
            Duration activeConnection,
            Duration idleTransaction,
            Duration queryWait,
            Duration clientLogin,
            Duration serverConnect,
            Duration serverLifetime,
            Duration serverReset,
            Duration workerHang,
            Duration cancelWait,
            Duration shutdown) {}

    /**
     * Limits over all workers together; 0 for no limit.
     *
     * @param serverConnections to each server
     * @param idleConnections to each server: those of them that are idle
     * @param ofUser to each server, by the user's name as clients give it, one char per byte
     * @param ofDatabase the same, by database
     */
    public record Limits(
            int clientConnections,
            int serverConnections,
            int idleConnections,
            int listenBacklog,
            Map<String, Integer> ofUser,
            Map<String, Integer> ofDatabase) {}

    /**
     * The log.
     *
     * @param file empty for standard error
     * @param connections whether each client that logs in is logged
     * @param disconnections whether each session that ends is logged, whatever ended it
     */
    public record Logging(Optional<Path> file, LogLevel level, boolean connections, boolean disconnections) {}

    /** Severities, as in the program that pgproxy ports. */
    public enum LogLevel {
        DEBUG,
        INFO,
        WARNING,
        ERROR
    }

    /** Where the master keeps its socket, its pid and its decisions. */
    public record Files(Path controlSocket, Path pidFile, Path stateFile) {}

    /**
     * Which clients read from standbys.
     *
     * @param standbyUserSuffix users whose name ends with it; empty for none
     * @param standbyDatabaseSuffix clients of databases whose name ends with it; the server gets the name without it; empty for none
     */
    public record Routing(String standbyUserSuffix, String standbyDatabaseSuffix, StandbyFallback fallback) {}

    /** What a reader gets when no standby is available. */
    public enum StandbyFallback {
        PRIMARY,
        ERROR
    }

    /** Selects clients: those whose startup parameters match all patterns of one map. */
    public record ClientConditions(List<Map<String, Pattern>> conditions) {

        /** Whether a client with these parameters is selected. Takes time linear in their length, whatever the patterns are. */
        public boolean match(StartupParameters parameters) {
            return conditions.stream()
                    .anyMatch(condition -> condition.entrySet().stream()
                            .allMatch(each -> parameters
                                    .serverValue(each.getKey())
                                    .filter(value -> each.getValue().matches(StartupParameters.display(value)))
                                    .isPresent()));
        }
    }

    /** How clients that take over a backend are checked. */
    public record Auth(Optional<Path> verifierFile, Duration verifierCache) {}

    /**
     * The pseudo-database pg_proxy.
     *
     * @param password of operators who may read and act
     * @param readerPassword of operators who may only read; empty when there are none
     * @param connections sessions at once
     * @param queryTimeout bound on each statement
     * @param idleTimeout how long a session may be idle; zero for no limit
     */
    public record AdminDatabase(
            String password,
            Optional<String> readerPassword,
            int connections,
            Duration queryTimeout,
            Duration idleTimeout) {

        /** The well-known password; it is accepted from this host only. */
        public static final String DEFAULT_PASSWORD = "pg2pg";

        /** Whether the password is the well-known one. */
        public boolean hasDefaultPassword() {
            return password.equals(DEFAULT_PASSWORD);
        }

        @Override
        public String toString() {
            return "AdminDatabase[connections=" + connections + ", queryTimeout=" + queryTimeout + "]";
        }
    }

    /**
     * When the primary counts as dead, and how a standby takes over.
     *
     * @param retries consecutive failures on new connections until the primary counts as dead
     * @param retryInterval from the start of one of these attempts to the start of the next
     * @param probeInterval between probes of healthy servers
     * @param probeTimeout bound on one probe
     * @param triggerObject OID of the empty large object
     * @param switchoverTimeout how long a switchover may wait for transactions and for the standby
     * @param requireStandbyAgrees whether promotion is refused while the standby still hears the primary
     * @param maxLagBytes a standby that lags further is not promoted; 0 for any lag
     * @param moveSessions whether clients keep sessions that hold nothing on the old primary in a switchover
     * @param fencesOldPrimary whether a switchover keeps others from writing to the old primary
     */
    public record Failover(
            PromoteMethod method,
            Duration promoteTimeout,
            int retries,
            Duration retryInterval,
            Duration probeInterval,
            Duration probeTimeout,
            int triggerObject,
            Duration switchoverTimeout,
            boolean requireStandbyAgrees,
            long maxLagBytes,
            boolean moveSessions,
            boolean fencesOldPrimary) {}

    /**
     * When a standby is not read from.
     *
     * @param retries consecutive failures
     * @param maxLagBytes of WAL that it has not replayed; 0 for any lag
     * @param maxLag age of what it has replayed last, while it has more to replay; zero for any lag
     */
    public record StandbyLimits(int retries, long maxLagBytes, Duration maxLag) {}

    /**
     * Where alerts are sent.
     *
     * @param command a program, run without a shell
     * @param webhook URL that JSON is posted to
     */
    public record Alerts(Optional<Path> command, Optional<String> webhook, Optional<Mail> mail) {

        /** Whether alerts are sent nowhere. */
        public boolean isEmpty() {
            return command.isEmpty() && webhook.isEmpty() && mail.isEmpty();
        }

        @Override
        public String toString() {
            return "Alerts[command=" + command + ", mail=" + mail + "]"; // A webhook's URL is often a secret.
        }
    }

    /** @param user for the mail server; empty when it requires no login */
    public record Mail(String host, int port, String user, String password, String from, List<String> to) {

        @Override
        public String toString() {
            return "Mail[host=" + host + ", port=" + port + ", to=" + to + "]";
        }
    }

    /** This configuration with other servers. */
    public ProxyConfig withServers(Servers others) {
        return new ProxyConfig(
                listen,
                unixSockets,
                others,
                adminLogin,
                timeouts,
                limits,
                logging,
                files,
                tuning,
                workers,
                receiveBytes,
                routing,
                exemptions,
                singleUse,
                poolIgnoreParameters,
                auth,
                adminDatabase,
                failover,
                standbyLimits,
                alerts,
                entries);
    }

    /** Whether the file contains a password, or something as good as one. */
    public boolean hasSecrets() {
        return entries.stream().anyMatch(ConfigEntry::isSecretThatIsSet);
    }

    /** How a standby is told to take over. */
    public enum PromoteMethod {
        AUTO,
        PG_PROMOTE,
        TRIGGER_FILE
    }
}
