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
 * Everything that the configuration file says, checked and with defaults filled in. The keys' spelling is the seed program's;
 * here the servers are called primary and standbys.
 *
 * @param listen where clients connect; port 0 lets the system choose
 * @param workers number of pool-workers
 * @param entries every key, for an operator to see
 */
public record ProxyConfig(
        List<Endpoint> listen,
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
     * @param requireAuth methods by which a server may ask for the password, in libpq's words
     */
    public record AdminLogin(String user, String password, String database, String requireAuth) {

        @Override
        public String toString() {
            return "AdminLogin[user=" + user + ", database=" + database + ", requireAuth=" + requireAuth + "]";
        }
    }

    /** @param activeConnection zero for none, as is {@code idleTransaction} */
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
     * Limits over all workers together; 0 is none.
     *
     * @param serverConnections to each server
     * @param idleConnections to each server, of those the ones that nobody uses
     * @param ofUser to each server, by the name of the user that the client gave, one char per byte
     * @param ofDatabase the same by database
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
     * @param connections whether each client that is let in has a line
     * @param disconnections whether each session that ends has one, by whomever it is ended
     */
    public record Logging(Optional<Path> file, LogLevel level, boolean connections, boolean disconnections) {}

    /** Severities, as the seed program names them. */
    public enum LogLevel {
        DEBUG,
        INFO,
        WARNING,
        ERROR
    }

    /** Where the master keeps its socket, its pid and what it decided. */
    public record Files(Path controlSocket, Path pidFile, Path stateFile) {}

    /**
     * Who reads from standbys.
     *
     * @param standbyUserSuffix users whose name ends so; empty for none
     * @param standbyDatabaseSuffix clients of databases whose name ends so, without which the server gets the name; empty for none
     */
    public record Routing(String standbyUserSuffix, String standbyDatabaseSuffix, StandbyFallback fallback) {}

    /** What a reader gets when no standby is there. */
    public enum StandbyFallback {
        PRIMARY,
        ERROR
    }

    /** Names clients: those whose startup parameters match all patterns of one map. */
    public record ClientConditions(List<Map<String, Pattern>> conditions) {

        /** Whether a client with these parameters is meant. The time is linear in their length, whatever the patterns are. */
        public boolean match(StartupParameters parameters) {
            return conditions.stream()
                    .anyMatch(condition -> condition.entrySet().stream()
                            .allMatch(each -> parameters
                                    .serverValue(each.getKey())
                                    .filter(value -> each.getValue().matches(StartupParameters.display(value)))
                                    .isPresent()));
        }
    }

    /** How clients are checked who take over a backend. */
    public record Auth(Optional<Path> verifierFile, Duration verifierCache) {}

    /**
     * The pseudo-database pg_proxy.
     *
     * @param password of those who may read and act
     * @param readerPassword of those who may only read; empty when there are none
     * @param connections sessions at once
     * @param queryTimeout bound on each statement
     * @param idleTimeout how long a session may rest; zero for ever
     */
    public record AdminDatabase(
            String password,
            Optional<String> readerPassword,
            int connections,
            Duration queryTimeout,
            Duration idleTimeout) {

        /** The password that everybody knows; it is good from this host only. */
        public static final String DEFAULT_PASSWORD = "pg2pg";

        /** Whether everybody knows the password. */
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
     * @param retries failures in a row on new connections until the primary counts as dead
     * @param retryInterval from the begin of one of these tries to the next
     * @param probeInterval between looks at servers that are well
     * @param probeTimeout bound on one look
     * @param triggerObject OID of the empty large object
     * @param switchoverTimeout how long a planned change of the primary may wait for transactions and for the standby
     * @param requireStandbyAgrees whether a standby that still hears the primary is not promoted
     * @param maxLagBytes a standby that is further behind is not promoted; 0 for any
     * @param moveSessions whether a planned change of the primary lets clients keep sessions that hold nothing there
     * @param fencesOldPrimary whether a planned change of the primary keeps others from writing to the old one
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
     * @param retries failures in a row
     * @param maxLagBytes of WAL that it has not replayed; 0 for any
     * @param maxLag age of what it has replayed last, while there is more; zero for any
     */
    public record StandbyLimits(int retries, long maxLagBytes, Duration maxLag) {}

    /**
     * Whom a failover is told.
     *
     * @param command a program, run without a shell
     * @param webhook URL that JSON is posted to
     */
    public record Alerts(Optional<Path> command, Optional<String> webhook, Optional<Mail> mail) {

        /** Whether nobody is told. */
        public boolean isEmpty() {
            return command.isEmpty() && webhook.isEmpty() && mail.isEmpty();
        }

        @Override
        public String toString() {
            return "Alerts[command=" + command + ", mail=" + mail + "]"; // A webhook's URL is often a secret.
        }
    }

    /** @param user for the mail server; empty when it asks nobody who he is */
    public record Mail(String host, int port, String user, String password, String from, List<String> to) {

        @Override
        public String toString() {
            return "Mail[host=" + host + ", port=" + port + ", to=" + to + "]";
        }
    }

    /** The same with other servers. */
    public ProxyConfig withServers(Servers others) {
        return new ProxyConfig(
                listen,
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

    /** Whether the file has a password in it, or what is as good as one. */
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
