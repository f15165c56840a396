package dev.pgproxy.poolworker.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.poolworker.backend.ReusePolicy.Way;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReusePolicyTest {

    private static final String MD5 = "md5" + "0".repeat(32);
    private static final String KEY = "A".repeat(43) + "=";
    private static final String SCRAM = "SCRAM-SHA-256$4096:AAAA$" + KEY + ":" + KEY;

    private static RoleFacts facts(String... verifiers) {
        return new RoleFacts(true, true, true, RoleFacts.FOR_EVER, "f1", List.of(verifiers), true);
    }

    private static void expect(Way way, AuthenticationMethod method, String openedUnder, RoleFacts facts) {
        assertEquals(way, ReusePolicy.decide(method, openedUnder, facts), method + " " + openedUnder + " " + facts);
    }

    @Test
    void verifiesWhereTheVerifierFitsTheMethod() {
        expect(Way.VERIFY, AuthenticationMethod.MD5, "f1", facts(MD5));
        expect(Way.VERIFY, AuthenticationMethod.SCRAM_SHA_256, "f1", facts(SCRAM));
        expect(Way.VERIFY, AuthenticationMethod.PASSWORD, "f1", facts(MD5));
        expect(Way.VERIFY, AuthenticationMethod.PASSWORD, "f1", facts(SCRAM));
        expect(Way.START_ANEW, AuthenticationMethod.MD5, "f1", facts(SCRAM));
        expect(Way.START_ANEW, AuthenticationMethod.SCRAM_SHA_256, "f1", facts(MD5));
        expect(Way.START_ANEW, AuthenticationMethod.PASSWORD, "f1", facts());
        expect(Way.START_ANEW, AuthenticationMethod.PASSWORD, "f1", facts("plain text"));
        expect(Way.START_ANEW, AuthenticationMethod.OTHER, "f1", facts(MD5, SCRAM));
    }

    @Test
    void trustsAgainWhereNothingHasChanged() {
        expect(Way.WELCOME, AuthenticationMethod.TRUST, "f1", facts());
        expect(Way.START_ANEW, AuthenticationMethod.TRUST, "f2", facts());
        expect(Way.START_ANEW, AuthenticationMethod.TRUST, "", facts());
    }

    @Test
    void whoMayNotLogInIsForTheServerToRefuse() {
        RoleFacts gone = new RoleFacts(true, false, true, RoleFacts.FOR_EVER, "f1", List.of(MD5, SCRAM), true);
        for (AuthenticationMethod method : AuthenticationMethod.values()) {
            expect(Way.START_ANEW, method, "f1", gone);
        }
    }

    @Test
    void expiryIsAboutPasswords() {
        RoleFacts expired = new RoleFacts(true, true, true, 0, "f1", List.of(MD5, SCRAM), true);
        expect(Way.START_ANEW, AuthenticationMethod.PASSWORD, "f1", expired);
        expect(Way.START_ANEW, AuthenticationMethod.MD5, "f1", expired);
        expect(Way.START_ANEW, AuthenticationMethod.SCRAM_SHA_256, "f1", expired);
        expect(Way.WELCOME, AuthenticationMethod.TRUST, "f1", expired);
    }

    @Test
    void withoutFactsNobodyGoesOn() {
        expect(Way.START_ANEW, AuthenticationMethod.TRUST, "", RoleFacts.UNAVAILABLE);
        expect(Way.START_ANEW, AuthenticationMethod.TRUST, "f1", RoleFacts.UNAVAILABLE);
        expect(Way.START_ANEW, AuthenticationMethod.MD5, "", RoleFacts.UNAVAILABLE);
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
