package dev.pgproxy.common.ipc;

import dev.pgproxy.common.log.ForPeople;
import dev.pgproxy.common.net.Endpoint;

/**
 * An alert about a server, for people, wherever they are.
 *
 * @param server the server that it is about
 * @param message what happened, and why
 * @param hint what can be done; empty for nothing
 * @param at time in ISO 8601
 */
public record Alert(
        Kind kind,
        Endpoint server,
        @ForPeople String message,
        @ForPeople String hint,
        String at) {

    /** What happened. */
    public enum Kind {
        PRIMARY_DOWN(true),
        PRIMARY_BACK(false),
        PROMOTED(true),
        ADOPTED(true),
        SWITCHED_OVER(false),
        PROMOTION_REFUSED(true),
        PROMOTION_FAILED(true),
        STANDBY_OUT(true),
        STANDBY_BACK(false),
        OLD_PRIMARY_BACK(true),
        TWO_PRIMARIES(true),
        STATE_FILE_FAILED(true),
        TEST(false);

        private final boolean alarm;

        Kind(boolean alarm) {
            this.alarm = alarm;
        }

        /** Whether it needs attention soon. */
        public boolean isAlarm() {
            return alarm;
        }

        /** Its name in logs and alerts. */
        public String label() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
