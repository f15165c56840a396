package dev.pgproxy.common.config;

import com.google.re2j.Pattern;
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
 * @param keysWithoutEffect keys that are set and whose feature does not exist yet
 */
public record ProxyConfig(
        List<ServerAddress> listen,
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
        Exemptions exemptions,
        List<String> poolIgnoreParameters,
        Auth auth,
        Failover failover,
        Map<String, String> notices,
        List<String> keysWithoutEffect) {

    /** @param promote the standby that takes over; empty for no failover */
    public record Servers(ServerAddress primary, Optional<ServerAddress> promote, List<ServerAddress> standbys) {}

    /** The superuser for probing, promotion and verifiers ({@code conninfo.*}). */
    public record AdminLogin(String user, String password, String database) {

        @Override
        public String toString() {
            return "AdminLogin[user=" + user + ", database=" + database + "]";
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
     * @param ofUser to each server, by the name of the user that the client gave, one char per byte
     * @param ofDatabase the same by database
     */
    public record Limits(
            int clientConnections,
            int serverConnections,
            int listenBacklog,
            Map<String, Integer> ofUser,
            Map<String, Integer> ofDatabase) {}

    /** @param file empty for standard error */
    public record Logging(Optional<Path> file, LogLevel level) {}

    /** Severities, as the seed program names them. */
    public enum LogLevel {
        DEBUG,
        INFO,
        WARNING,
        ERROR
    }

    /** Where the master keeps its socket, its pid and what it decided. */
    public record Files(Path controlSocket, Path pidFile, Path stateFile) {}

    /** @param standbyUserSuffix users whose name ends so read from standbys; empty for none */
    public record Routing(String standbyUserSuffix, StandbyFallback fallback) {}

    /** What a reader gets when no standby is there. */
    public enum StandbyFallback {
        PRIMARY,
        ERROR
    }

    /** Sessions whose startup parameters match all patterns of one map are exempt from the active timeout. */
    public record Exemptions(List<Map<String, Pattern>> conditions) {

        /** Whether a client with these parameters is exempt. The time is linear in their length, whatever the patterns are. */
        public boolean match(StartupParameters parameters) {
            return conditions.stream()
                    .anyMatch(condition -> condition.entrySet().stream()
                            .allMatch(each -> parameters
                                    .value(each.getKey())
                                    .filter(value -> each.getValue().matches(StartupParameters.display(value)))
                                    .isPresent()));
        }
    }

    /** Passwords and verifiers that the proxy itself uses. */
    public record Auth(String adminDatabasePassword, Optional<Path> verifierFile, Duration verifierCache) {

        @Override
        public String toString() {
            return "Auth[verifierFile=" + verifierFile + ", verifierCache=" + verifierCache + "]";
        }
    }

    /** When the primary counts as dead, and how a standby takes over. */
    public record Failover(
            PromoteMethod method,
            Duration promoteTimeout,
            int retries,
            Duration retryInterval,
            Duration probeInterval,
            long triggerObject) {}

    /** How a standby is told to take over. */
    public enum PromoteMethod {
        AUTO,
        PG_PROMOTE,
        TRIGGER_FILE
    }
}
