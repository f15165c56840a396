package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.testkit.config.TestConfig;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The parts of the failover policy for one primary X, its heir Y and another standby Z, all of them well. */
final class PolicyParts {

    static final Endpoint X = new Endpoint.Tcp("x", 5432);
    static final Endpoint Y = new Endpoint.Tcp("y", 5432);
    static final Endpoint Z = new Endpoint.Tcp("z", 5432);
    static final int RETRIES = 3;

    final Situation situation;
    final DecisionLog decisions;
    final Promotion promotion;
    final Switchover switchover;
    final Succession succession;
    final PrimaryHealth primary;

    /** All actions that the parts have asked for. */
    final List<Action> done = new ArrayList<>();

    /** @param lines of the configuration, beyond the servers */
    PolicyParts(String... lines) {
        ProxyConfig config = TestConfig.of(Stream.concat(
                        Stream.of(
                                "master = x:5432",
                                "promote = y:5432",
                                "slaver_list = y:5432, z:5432",
                                "conninfo.user = postgres",
                                "conninfo.conn_retry_num = " + RETRIES),
                        Stream.of(lines))
                .toArray(String[]::new));
        situation = new Situation(
                config.servers(),
                FailoverState.initial(config.servers()).withSystemId(PlayedProbes.ID),
                config.failover(),
                config.standbyLimits(),
                server -> false);
        decisions = new DecisionLog(situation, () -> Instant.EPOCH);
        promotion = new Promotion(situation, decisions);
        switchover = new Switchover(situation, decisions, promotion);
        succession = new Succession(situation, decisions, promotion, switchover);
        primary = new PrimaryHealth(situation, decisions, switchover, succession);
        see(X, PlayedProbes.PRIMARY);
        see(Y, PlayedProbes.STANDBY);
        see(Z, PlayedProbes.STANDBY);
    }

    /** Notes what a probe has found, without a decision. */
    ServerHealth see(Endpoint server, Observation found) {
        ServerHealth known = situation.known(server);
        known.probed(found, 0);
        return known;
    }

    /** Probes the primary over a new connection. */
    void probePrimary(Observation found) {
        primary.probed(see(X, found), found, true, done);
    }

    void primaryDies() {
        for (int i = 0; i < RETRIES; i++) {
            probePrimary(PlayedProbes.REFUSED);
        }
        see(Y, PlayedProbes.ORPHAN);
        see(Z, PlayedProbes.STANDBY);
        done.clear();
    }

    List<Alert.Kind> told() {
        return done.stream()
                .filter(Action.Tell.class::isInstance)
                .map(action -> ((Action.Tell) action).kind())
                .toList();
    }

    <A extends Action> List<A> done(Class<A> type) {
        return done.stream().filter(type::isInstance).map(type::cast).toList();
    }
}
