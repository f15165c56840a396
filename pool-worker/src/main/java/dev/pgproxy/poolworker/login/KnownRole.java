package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.ipc.RoleFacts;
import org.jspecify.annotations.Nullable;

/** What is known of a client's role during its login. */
final class KnownRole {

    private @Nullable RoleFacts facts;

    /** What the master has said unasked; it holds for a login that begins right then. */
    private @Nullable RoleFacts told;

    /** @param told what the master has said unasked; null for nothing */
    KnownRole(@Nullable RoleFacts told) {
        this.told = told;
    }

    /** Whether the master has said anything that this login relies on. */
    boolean isKnown() {
        return facts != null;
    }

    RoleFacts facts() {
        return facts == null ? RoleFacts.UNAVAILABLE : facts;
    }

    void found(RoleFacts now) {
        facts = now;
    }

    /** What the master has said unasked, once; null when it has to be asked. */
    @Nullable
    RoleFacts takeTold() {
        RoleFacts taken = told;
        told = null;
        return taken;
    }
}
