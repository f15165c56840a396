package dev.pgproxy.adminworker.session;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.pgproxy.common.peer.LocalPeer;
import org.junit.jupiter.api.Test;

class LoginGuardTest {

    private static final String THERE = "10.0.0.1";
    private final LoginGuard guard = new LoginGuard();

    private void fail(String address, int times, long nowNs) {
        for (int i = 0; i < times; i++) {
            guard.failed(address, nowNs);
        }
    }

    @Test
    void anAddressWithManyWrongPasswordsWaits() {
        fail(THERE, LoginGuard.MAX_FAILURES - 1, 0);
        assertInstanceOf(LoginGuard.Verdict.GoOn.class, guard.judge(THERE, 0));
        fail(THERE, 1, 0);
        assertInstanceOf(LoginGuard.Verdict.Wait.class, guard.judge(THERE, 0));
        assertInstanceOf(LoginGuard.Verdict.GoOn.class, guard.judge("10.0.0.2", 0));
    }

    @Test
    void itIsForgottenAfterAWhile() {
        fail(THERE, LoginGuard.MAX_FAILURES, 0);
        assertInstanceOf(LoginGuard.Verdict.GoOn.class, guard.judge(THERE, LoginGuard.WINDOW_NS));
    }

    @Test
    void fewWaitAtOnce() {
        fail(THERE, LoginGuard.MAX_FAILURES, 0);
        LoginGuard.Verdict first = guard.judge(THERE, 0);
        for (int i = 1; i < LoginGuard.MAX_DELAYED; i++) {
            assertInstanceOf(LoginGuard.Verdict.Wait.class, guard.judge(THERE, 0));
        }
        assertInstanceOf(LoginGuard.Verdict.Refuse.class, guard.judge(THERE, 0));
        ((LoginGuard.Verdict.Wait) first).delay().end();
        assertInstanceOf(LoginGuard.Verdict.Wait.class, guard.judge(THERE, 0));
    }

    @Test
    void manyAddressesAreNoWayAroundIt() {
        for (int i = 0; i < LoginGuard.MAX_FAILURES_IN_ALL; i++) {
            guard.failed("10.1." + i / 250 + "." + i % 250, 0);
        }
        assertInstanceOf(LoginGuard.Verdict.Wait.class, guard.judge("10.9.9.9", 0));
        assertInstanceOf(LoginGuard.Verdict.GoOn.class, guard.judge(LocalPeer.ROOT, 0));
    }
}
