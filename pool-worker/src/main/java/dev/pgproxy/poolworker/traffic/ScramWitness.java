package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.ScramExchange;
import dev.pgproxy.common.auth.ScramVerifier;
import org.jspecify.annotations.Nullable;

/** Overhears a client's SCRAM login at its server, for the ClientKey. Ignores whatever it does not understand. */
public final class ScramWitness {

    private final ScramExchange exchange;
    private byte @Nullable [] clientFirst;
    private boolean complete;

    /** @param verifier what the server presumably checks the client against */
    public ScramWitness(ScramVerifier verifier) {
        this.exchange = new ScramExchange(verifier, new byte[0]);
    }

    /** @param body of a PasswordMessage, SASLInitialResponse or SASLResponse */
    void client(byte[] body) {
        if (complete) {
            exchange.last(body);
        } else {
            clientFirst = ScramExchange.initialResponse(body);
        }
    }

    /**
     * An Authentication message passes.
     *
     * @param code the request's Int32
     * @param data what follows it
     */
    public void server(int code, byte[] data) {
        byte[] first = clientFirst;
        if (code == AuthenticationMethod.SASL_CONTINUE_CODE && first != null) {
            complete = exchange.overheard(first, data);
        }
    }

    /** The ClientKey; empty when the client has not proved that it knows the verifier's password. */
    public byte[] clientKey() {
        return exchange.clientKey();
    }
}
