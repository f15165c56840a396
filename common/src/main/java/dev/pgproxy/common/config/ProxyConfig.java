package dev.pgproxy.common.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

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

    /** @param activeConnection zero for none */
    public record Timeouts(
            Duration idleConnection,
            Duration activeConnection,
            Duration queryWait,
            Duration clientLogin,
            Duration serverConnect,
            Duration serverLifetime,
            Duration serverReset,
            Duration workerHang,
            Duration cancelWait,
            Duration shutdown) {}

    /** @param serverConnections for each server, counted over all workers; 0 for none */
    public record Limits(int clientConnections, int serverConnections, int listenBacklog) {}

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
    public record Exemptions(List<Map<String, Pattern>> conditions) {}

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
