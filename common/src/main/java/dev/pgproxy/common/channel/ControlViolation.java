package dev.pgproxy.common.channel;

/** Bytes or messages on a control channel that its protocol does not allow. The channel is not usable afterwards. */
public final class ControlViolation extends Exception {

    public ControlViolation(String message) {
        super(message);
    }
}
