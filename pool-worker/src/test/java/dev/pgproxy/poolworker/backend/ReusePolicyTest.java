package dev.pgproxy.poolworker.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.poolworker.backend.ReusePolicy.Decision;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReusePolicyTest {

    private static final String MD5 = "md5" + "0".repeat(32);
    private static final String KEY = "A".repeat(43) + "=";
    private static final String SCRAM = "SCRAM-SHA-256$4096:AAAA$" + KEY + ":" + KEY;

    private static RoleFacts facts(String... verifiers) {
        return new RoleFacts(true, true, true, RoleFacts.FOR_EVER, "f1", List.of(verifiers), true);
    }

    private static void expect(Decision decision, AuthenticationMethod method, String openedUnder, RoleFacts facts) {
        assertEquals(
                decision, ReusePolicy.decide(method, openedUnder, facts), method + " " + openedUnder + " " + facts);
    }

    @Test
    void verifiesWhereTheVerifierFitsTheMethod() {
        expect(Decision.VERIFY, AuthenticationMethod.MD5, "f1", facts(MD5));
        expect(Decision.VERIFY, AuthenticationMethod.SCRAM_SHA_256, "f1", facts(SCRAM));
        expect(Decision.VERIFY, AuthenticationMethod.PASSWORD, "f1", facts(MD5));
        expect(Decision.VERIFY, AuthenticationMethod.PASSWORD, "f1", facts(SCRAM));
        expect(Decision.START_OVER, AuthenticationMethod.MD5, "f1", facts(SCRAM));
        expect(Decision.START_OVER, AuthenticationMethod.SCRAM_SHA_256, "f1", facts(MD5));
        expect(Decision.START_OVER, AuthenticationMethod.PASSWORD, "f1", facts());
        expect(Decision.START_OVER, AuthenticationMethod.PASSWORD, "f1", facts("plain text"));
        expect(Decision.START_OVER, AuthenticationMethod.OTHER, "f1", facts(MD5, SCRAM));
    }

    @Test
    void trustsAgainWhereNothingHasChanged() {
        expect(Decision.WELCOME, AuthenticationMethod.TRUST, "f1", facts());
        expect(Decision.START_OVER, AuthenticationMethod.TRUST, "f2", facts());
        expect(Decision.START_OVER, AuthenticationMethod.TRUST, "", facts());
    }

    @Test
    void whoMayNotLogInIsForTheServerToRefuse() {
        RoleFacts gone = new RoleFacts(true, false, true, RoleFacts.FOR_EVER, "f1", List.of(MD5, SCRAM), true);
        for (AuthenticationMethod method : AuthenticationMethod.values()) {
            expect(Decision.START_OVER, method, "f1", gone);
        }
    }

    @Test
    void expiryIsAboutPasswords() {
        RoleFacts expired = new RoleFacts(true, true, true, 0, "f1", List.of(MD5, SCRAM), true);
        expect(Decision.START_OVER, AuthenticationMethod.PASSWORD, "f1", expired);
        expect(Decision.START_OVER, AuthenticationMethod.MD5, "f1", expired);
        expect(Decision.START_OVER, AuthenticationMethod.SCRAM_SHA_256, "f1", expired);
        expect(Decision.WELCOME, AuthenticationMethod.TRUST, "f1", expired);
    }

    @Test
    void withoutFactsNobodyGoesOn() {
        expect(Decision.START_OVER, AuthenticationMethod.TRUST, "", RoleFacts.UNAVAILABLE);
        expect(Decision.START_OVER, AuthenticationMethod.TRUST, "f1", RoleFacts.UNAVAILABLE);
        expect(Decision.START_OVER, AuthenticationMethod.MD5, "", RoleFacts.UNAVAILABLE);
    }

    @Test
    void aClientKeyForAnotherSaltIsNoReasonToAskFirst() {
        RoleFacts ofFile = new RoleFacts(true, true, true, RoleFacts.FOR_EVER, "f1", List.of(MD5, SCRAM), false);
        assertTrue(ReusePolicy.canAskFirst(AuthenticationMethod.SCRAM_SHA_256, facts(SCRAM)));
        assertFalse(ReusePolicy.canAskFirst(AuthenticationMethod.SCRAM_SHA_256, ofFile));
        assertTrue(ReusePolicy.canVerify(AuthenticationMethod.SCRAM_SHA_256, ofFile));
        assertTrue(ReusePolicy.canAskFirst(AuthenticationMethod.MD5, ofFile));
        assertTrue(ReusePolicy.canAskFirst(AuthenticationMethod.PASSWORD, ofFile));
    }
}
