package dev.pgproxy.common.config;

import dev.pgproxy.common.net.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The keys about servers: which ones there are, how the proxy itself logs in to them, and what happens when the primary is gone. */
final class ServerKeys {

    static final Setting<Optional<Endpoint>> MASTER = Setting.requiredAddress("master", "10.0.0.1:5432", "The primary.")
            .takesEffect(Setting.Effect.RELOAD_WITH_PRIMARY)
            .see("promote", "docs/failover.md");
    static final Setting<List<Endpoint>> SLAVER_LIST = Setting.addresses(
                    "slaver_list", 1, "Standbys that clients read from in turn.")
            .example("10.0.0.2:5432,10.0.0.3:5432")
            .see("route.standby_user_suffix");
    static final Setting<Optional<Endpoint>> PROMOTE = Setting.address(
                    "promote", "The standby that takes over when the primary is gone; without it nothing is promoted.")
            .takesEffect(Setting.Effect.RELOAD_WITH_PRIMARY)
            .example("10.0.0.2:5432")
            .see("promote_method", "docs/failover.md");

    static final Setting<String> CONNINFO_USER = Setting.requiredText(
            "conninfo.user",
            "postgres",
            "The role that pgproxy logs in as: it probes servers, promotes the standby and reads verifiers.");
    static final Setting<String> CONNINFO_PW = Setting.text("conninfo.pw", "", "The password of conninfo.user.")
            .secret()
            .see("conninfo.require_auth");
    static final Setting<String> CONNINFO_DB =
            Setting.text("conninfo.db", "postgres", "The database that pgproxy logs in to.");
    static final Setting<Optional<String>> CONNINFO_REQUIRE_AUTH = Setting.text(
                    "conninfo.require_auth",
                    "How a server may ask for conninfo.pw: scram-sha-256, md5 or none, separated by commas.")
            .defaultsTo("scram-sha-256,md5; without conninfo.pw also none")
            .example("scram-sha-256");

    static final Setting<Integer> CONN_RETRY_NUM = Setting.integer(
                    "conninfo.conn_retry_num",
                    5,
                    1,
                    1000,
                    "Consecutive connection attempts that fail until the primary counts as dead.")
            .see("conninfo.conn_retry_interval");
    static final Setting<Duration> CONN_RETRY_INTERVAL = Setting.time(
            "conninfo.conn_retry_interval",
            Duration.ofSeconds(6),
            Setting.SHORTEST,
            "Time from the start of one of these connection attempts to the start of the next.");
    static final Setting<Duration> QUERY_INTERVAL = Setting.time(
            "conninfo.query_interval",
            Duration.ofSeconds(30),
            Setting.SHORTEST,
            "How often a server that answers is probed.");
    static final Setting<Duration> PROBE_TIMEOUT = Setting.time(
            "failover.probe_timeout", Duration.ofSeconds(5), Duration.ofMillis(100), "Longest time of one probe.");
    static final Setting<Boolean> REQUIRE_STANDBY_AGREES = Setting.onOff(
                    "failover.require_standby_agrees",
                    true,
                    "Whether a standby that still hears the primary (its WAL receiver is connected) is not promoted.")
            .see("docs/failover.md");
    static final Setting<Long> MAX_LAG_BYTES = Setting.number(
            "failover.max_lag_bytes",
            0,
            "Most bytes of the primary's WAL that a promoted standby may lack; 0 for any number.");
    static final Setting<ProxyConfig.PromoteMethod> PROMOTE_METHOD = Setting.choice(
                    "promote_method",
                    ProxyConfig.PromoteMethod.class,
                    ProxyConfig.PromoteMethod.AUTO,
                    "How the standby is promoted: pg_promote() (PostgreSQL 12 and later), a trigger file (up to 15), or"
                            + " the first that works.")
            .see("conninfo.lo_oid");
    static final Setting<Duration> PROMOTE_TIMEOUT = Setting.time(
            "promote_timeout",
            Duration.ofSeconds(60),
            Setting.SHORTEST,
            "How long a promotion may take until it is tried again.");
    static final Setting<Integer> LO_OID = Setting.integer(
            "conninfo.lo_oid",
            9999,
            1,
            Integer.MAX_VALUE,
            "The empty large object in conninfo.db that a trigger file is made from.");
    static final Setting<Duration> SWITCHOVER_TIMEOUT = Setting.time(
            "failover.switchover_timeout",
            Duration.ofSeconds(30),
            Setting.SHORTEST,
            "How long SWITCHOVER waits for transactions to end and for the standby to receive everything.");
    static final Setting<Boolean> MOVE_SESSIONS = Setting.onOff(
                    "failover.move_sessions",
                    true,
                    "Whether sessions that hold nothing on the old primary continue on the new one after a SWITCHOVER.")
            .see("docs/failover.md");
    static final Setting<Boolean> FENCE_OLD_PRIMARY = Setting.onOff(
                    "failover.fence_old_primary",
                    false,
                    "Whether a SWITCHOVER sets default_transaction_read_only on the old primary and ends its sessions.")
            .see("docs/failover.md");
    static final Setting<Integer> STANDBY_RETRY_NUM = Setting.integer(
            "standby_retry_num",
            3,
            1,
            1000,
            "Consecutive failures after which a standby is not read from until it answers again.");
    static final Setting<Long> STANDBY_MAX_LAG_BYTES = Setting.number(
            "standby_max_lag_bytes", 0, "Most bytes of WAL that a standby may lag to be read from; 0 for any.");
    static final Setting<Duration> STANDBY_MAX_LAG_SECONDS = Setting.time(
            "standby_max_lag_seconds",
            Duration.ZERO,
            Duration.ZERO,
            "Longest time that a standby may lag to be read from.");
    static final Setting<Optional<Path>> STATE_FILE = Setting.file(
                    "state_file",
                    "Where a decided failover is kept, so that a restart does not return to the old primary.")
            .atStart()
            .defaultsTo("state in /var/lib/pgproxy if that belongs to the user, else in $XDG_STATE_HOME/pgproxy")
            .example("/var/lib/pgproxy/state")
            .see("docs/failover.md");

    static final Setting<Optional<String>> STANDBY_USER_SUFFIX = Setting.text(
                    "route.standby_user_suffix", "Users whose name ends in this read from standbys; empty for none.")
            .defaultsTo("_r");
    static final Setting<String> STANDBY_DATABASE_SUFFIX = Setting.text(
                    "route.standby_database_suffix",
                    "",
                    "Databases whose name ends in this are read from standbys, which get the name without it.")
            .example("@ro");
    static final Setting<ProxyConfig.StandbyFallback> STANDBY_FALLBACK = Setting.choice(
            "route.standby_fallback",
            ProxyConfig.StandbyFallback.class,
            ProxyConfig.StandbyFallback.PRIMARY,
            "Where readers go when no standby is available.");

    private ServerKeys() {}

    static final List<Setting<?>> SERVERS = List.of(MASTER, SLAVER_LIST, PROMOTE);
    static final List<Setting<?>> SUPERUSER = List.of(CONNINFO_USER, CONNINFO_PW, CONNINFO_DB, CONNINFO_REQUIRE_AUTH);
    static final List<Setting<?>> FAILOVER = List.of(
            CONN_RETRY_NUM,
            CONN_RETRY_INTERVAL,
            QUERY_INTERVAL,
            PROBE_TIMEOUT,
            REQUIRE_STANDBY_AGREES,
            MAX_LAG_BYTES,
            PROMOTE_METHOD,
            PROMOTE_TIMEOUT,
            LO_OID,
            SWITCHOVER_TIMEOUT,
            MOVE_SESSIONS,
            FENCE_OLD_PRIMARY,
            STATE_FILE,
            STANDBY_RETRY_NUM,
            STANDBY_MAX_LAG_BYTES,
            STANDBY_MAX_LAG_SECONDS);
    static final List<Setting<?>> ROUTING = List.of(STANDBY_USER_SUFFIX, STANDBY_DATABASE_SUFFIX, STANDBY_FALLBACK);
}
