package dev.pgproxy.poolworker;

import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.poolworker.session.Session;
import dev.pgproxy.poolworker.traffic.SessionState;

/** Asks the master about the roles of sessions' clients, and reports what sessions find out about roles. */
final class RoleQuestions implements RoleMessages.AtPoolWorker {

    private final EventLoop loop;
    private final MasterContact master;
    private final Sessions sessions;

    RoleQuestions(EventLoop loop, MasterContact master, Sessions sessions) {
        this.loop = loop;
        this.master = master;
        this.sessions = sessions;
    }

    void ask(Session session) {
        if (master.isGone()) {
            loop.atEndOfTick(() -> roleFound(session.id(), RoleFacts.UNAVAILABLE));
            return;
        }
        master.link()
                .send(new RoleMessages.FindRole(
                        session.id(),
                        session.key().server(),
                        session.parameters().serverUser(),
                        session.parameters().serverDatabase()));
    }

    void doubted(Session session, boolean methodToo) {
        // The client may reconnect as soon as it is told.
        master.link()
                .sendAtOnce(new RoleMessages.RoleDoubted(
                        session.key().server(),
                        session.parameters().serverUser(),
                        session.parameters().serverDatabase(),
                        methodToo));
    }

    /** The master's answer to a session's question. */
    @Override
    public void onRoleFound(RoleMessages.RoleFound message) {
        roleFound(message.sessionId(), message.facts());
    }

    private void roleFound(long sessionId, RoleFacts facts) {
        Session session = sessions.byId(sessionId);
        if (session != null && session.state() == SessionState.CHECKING) {
            session.roleFound(facts);
        }
    }

    void changed(Session session) {
        // The client has not been told yet. Once it is, a login through another worker may rely on the change.
        master.link().sendAtOnce(new RoleMessages.RolesChanged(session.key().server()));
    }
}
