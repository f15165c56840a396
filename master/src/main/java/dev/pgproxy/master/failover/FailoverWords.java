package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.ServerFacts;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The messages for operators about the primary and its succession. */
final class FailoverWords {

    private FailoverWords() {}

    static Action.Log failing(Endpoint primary, int failures, int retries, String problem) {
        return new Action.Log("primary_failing", primary, "failure " + failures + " of " + retries + ": " + problem);
    }

    /** @param hasChanged whether this primary has replaced another one */
    static Action.Tell down(ProxyConfig.Servers servers, boolean hasChanged, int failures, String problem) {
        return new Action.Tell(
                Alert.Kind.PRIMARY_DOWN,
                servers.primary(),
                "the primary is down: " + failures + " consecutive connection attempts failed, the last one with: "
                        + problem,
                servers.promote()
                        .map(standby -> standby + " is examined, and promoted unless there is an objection.")
                        .orElse((hasChanged
                                        ? "This server has replaced another primary, and no next standby is named, so nothing is promoted:"
                                                + " set master = " + servers.primary()
                                                + " and promote to a standby and RELOAD, repair the primary,"
                                        : "No promote is configured, so nothing is promoted: repair the primary,")
                                + " or promote a standby by hand and pgproxy will use it."));
    }

    static Action.Tell demoted(Endpoint primary) {
        return new Action.Tell(
                Alert.Kind.PRIMARY_DOWN,
                primary,
                "the primary is a standby now: it was demoted, and takes no writes",
                "Promote it or another configured server; pgproxy will use that one.");
    }

    /** @param takesNobody whether it does not accept connections yet */
    static Action.Tell back(Endpoint primary, boolean takesNobody) {
        return new Action.Tell(
                Alert.Kind.PRIMARY_BACK,
                primary,
                "the primary answers again; nothing was promoted, and its clients continue"
                        + (takesNobody ? " once it accepts connections" : ""),
                "");
    }

    static Action.Log notProbed(Endpoint primary, FailureKind kind, String problem) {
        String remedy = switch (kind) {
            case AUTHENTICATION ->
                ". Until conninfo.user can log in, nothing is promoted and no connection is reused: fix"
                        + " conninfo.user and conninfo.pw and RELOAD, or add a rule to pg_hba.conf";
            case TOO_MANY_CONNECTIONS ->
                ". Set max_server_conn lower, so that the server has four connections left for pgproxy itself";
            case UNKNOWN_HOST -> ". Make its name resolvable on this host";
            default -> "";
        };
        return new Action.Log(
                "primary_not_probed",
                primary,
                "it cannot be probed, which is not a reason to promote a standby: " + problem + remedy);
    }

    static Action.Log another(Endpoint primary, long systemIdBefore, long systemId) {
        return new Action.Log(
                "primary_is_another",
                primary,
                "its system identifier was " + systemIdBefore + " and is " + systemId
                        + " now: it was re-initialised, or its address leads to another server");
    }

    /** @param lag how far it is behind, in words */
    static Action.Log promoting(Endpoint standby, Endpoint primary, ServerFacts facts, String lag) {
        return new Action.Log(
                "promoting",
                standby,
                "in place of " + primary + "; it has WAL up to " + ServerFacts.lsn(facts.writtenLsn())
                        + ", has replayed up to " + ServerFacts.lsn(facts.replayedLsn()) + ", and " + lag);
    }

    static Action.Log resumed(Endpoint standby, Endpoint primary) {
        return new Action.Log(
                "failover_resumed",
                standby,
                "the state file says that this standby was to be promoted in place of " + primary
                        + "; pgproxy completes that now");
    }

    static Action.Log switchingOver(Endpoint standby, Endpoint primary, long lsn) {
        return new Action.Log(
                "switching_over",
                standby,
                "in place of " + primary + "; it has replayed all that was committed, up to " + ServerFacts.lsn(lsn));
    }

    static Action.Log fenced(Endpoint primary, FenceResult result) {
        String done = result.ended() + " other sessions on it were ended";
        return result.problem().isEmpty()
                ? new Action.Log(
                        "old_primary_fenced",
                        primary,
                        "transactions on it are read only by default (default_transaction_read_only), and " + done)
                : new Action.Log(
                        "fence_incomplete",
                        primary,
                        "clients that bypass pgproxy may still write to it: " + result.problem() + "; " + done + ". "
                                + result.remedy());
    }

    /** @param why the reason */
    static Action.Log notCaughtUp(Endpoint standby, Endpoint primary, String why) {
        return new Action.Log(
                "fence_incomplete",
                standby,
                "it may lack what others last wrote to " + primary + " without pgproxy, and is promoted nevertheless: "
                        + why + ". It has all that clients of pgproxy committed");
    }

    static Action.Tell refused(Endpoint standby, Endpoint primary, String objection) {
        return new Action.Tell(
                Alert.Kind.PROMOTION_REFUSED,
                standby,
                "the primary " + primary + " is down, but this standby is not promoted: it " + objection,
                "pgproxy tries again until the primary answers. Promote a standby by hand if you are sure of it;"
                        + " pgproxy will use it.");
    }

    /** @param primarySystemId 0 when the primary was never seen */
    static Action.Tell stranger(Endpoint server, long systemId, Endpoint primary, long primarySystemId) {
        String reason = primarySystemId == 0
                ? "the primary was never seen, so it is not known whether they belong together"
                : "its system identifier is " + systemId + ", and the primary's is " + primarySystemId;
        return new Action.Tell(
                Alert.Kind.PROMOTION_REFUSED,
                server,
                "the primary " + primary + " is down, and this server takes writes, but it is not used: " + reason,
                "If it is the right one, set master = " + server + " in the configuration and restart pgproxy.");
    }

    static Action.Tell promotionFailed(Endpoint standby, Endpoint primary, String problem) {
        return new Action.Tell(
                Alert.Kind.PROMOTION_FAILED,
                standby,
                "the standby could not be promoted: " + problem,
                "pgproxy tries again, and does not return to " + primary
                        + ", because the standby may have been told. Promote it by hand, or see docs/failover.md.");
    }

    static Action.Tell overtaken(Endpoint standby, Endpoint primary, Endpoint successor) {
        return new Action.Tell(
                Alert.Kind.PROMOTION_FAILED,
                standby,
                "this standby was to be promoted in place of " + primary
                        + ", but outside pgproxy another server was promoted: " + successor
                        + ". That one is used; it is not known whether this one was told",
                "Make it a standby of " + successor + " (pg_rewind) before it is used: it may become a primary.");
    }

    static Action.Tell primaryAndAnother(Endpoint server, Endpoint primary) {
        return new Action.Tell(
                Alert.Kind.TWO_PRIMARIES,
                server,
                "this standby takes writes, and so does the primary " + primary
                        + ": it was promoted outside pgproxy, which keeps using the primary",
                "Stop one of the two. If you stop the primary, pgproxy uses the other one; otherwise make that a"
                        + " standby again (pg_rewind).");
    }

    static Action.Tell severalOthers(Endpoint server, List<Endpoint> others) {
        return new Action.Tell(
                Alert.Kind.TWO_PRIMARIES,
                server,
                "the primary is gone and several servers take writes: " + others + "; pgproxy uses none of them",
                "Stop all but one; pgproxy will use that.");
    }

    /** @param isIntent whether a promotion waited for the save */
    static Action.Tell notSaved(Endpoint primary, boolean isIntent, String problem) {
        return new Action.Tell(
                Alert.Kind.STATE_FILE_FAILED,
                primary,
                (isIntent
                                ? "no standby is promoted yet, because the decision must be in the state file first"
                                : "the state file cannot be written, so no standby would be promoted")
                        + ": " + problem,
                "Set state_file to a file in a directory that pgproxy's user may write to, such as"
                        + " /var/lib/pgproxy/state, and check that its disk has room; pgproxy tries again.");
    }

    /**
     * The primary has changed.
     *
     * @param fence the result of fencing the old one; null when that was not tried
     * @param hasAllOfOthers whether it also has what was committed bypassing pgproxy
     */
    static Action.Tell changed(FailoverState.Decision decision, @Nullable FenceResult fence, boolean hasAllOfOthers) {
        Endpoint old = decision.oldPrimary();
        Endpoint successor = decision.newPrimary();
        String remedy =
                "Make " + old + " a standby of it (pg_rewind), set master = " + successor + " and promote = " + old
                        + " (or another standby) in the configuration, and RELOAD; until then there is no standby to promote.";
        return switch (decision.cause()) {
            case FAILOVER ->
                new Action.Tell(Alert.Kind.PROMOTED, successor, "this standby was promoted in place of " + old, remedy);
            case ADOPTION ->
                new Action.Tell(
                        Alert.Kind.ADOPTED,
                        successor,
                        "this server was promoted outside pgproxy, and is used in place of " + old,
                        remedy);
            case SWITCHOVER ->
                new Action.Tell(
                        Alert.Kind.SWITCHED_OVER,
                        successor,
                        "an operator has made this server the primary in place of " + old + "; nothing that "
                                + (hasAllOfOthers ? "was" : "clients of pgproxy have") + " committed is lost",
                        leftToDo(old, fence) + remedy);
        };
    }

    private static String leftToDo(Endpoint old, @Nullable FenceResult fence) {
        if (fence == null) {
            return "Stop " + old + ", which still takes writes. ";
        }
        return fence.problem().isEmpty()
                ? "Stop " + old
                        + ": it is read only by default, and still takes writes from a client that asks for that. "
                : "Stop " + old + ", which was not fenced (" + fence.problem() + ") and still takes writes. ";
    }

    static Action.Tell oldPrimaryBack(Endpoint old, Endpoint primary) {
        return new Action.Tell(
                Alert.Kind.OLD_PRIMARY_BACK,
                old,
                "the old primary takes writes again; pgproxy does not use it, because " + primary
                        + " is the primary now",
                "Stop it before anything writes to it, and make it a standby of " + primary + " (pg_rewind).");
    }

    static Action.Log oldPrimaryIsStandby(Endpoint old) {
        return new Action.Log(
                "old_primary_is_standby",
                old,
                "the old primary is a standby now; name it in slaver_list and reload, to read from it");
    }
}
