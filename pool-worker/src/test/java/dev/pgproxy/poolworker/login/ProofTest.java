package dev.pgproxy.poolworker.login;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.RoleFacts;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProofTest {

    private static RoleFacts facts(String fingerprint, String verifier) {
        return new RoleFacts(true, true, true, RoleFacts.FOR_EVER, fingerprint, List.of(verifier), true);
    }

    /** A client that waited for a place while the password was changed has proved nothing about the new one. */
    @Test
    void isGoodOnlyForTheRoleAndPasswordThatItWasMadeFor() {
        Replay answers = new Replay(AuthenticationMethod.MD5, null, List.of());
        Proof proof = new Proof(AuthenticationMethod.MD5, new byte[0], facts("f1", "md5old"), new byte[0], answers);
        assertTrue(proof.holdsUnder(facts("f1", "md5old")));
        assertFalse(proof.holdsUnder(facts("f2", "md5old")));
        assertFalse(proof.holdsUnder(facts("f1", "md5new")));
        assertFalse(proof.holdsUnder(RoleFacts.UNAVAILABLE));
    }
}
