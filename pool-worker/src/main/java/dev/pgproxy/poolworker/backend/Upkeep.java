package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.relay.DiscardingTransport;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What the proxy itself sends to a server between two clients, and receives from it: the reset, and silence after it. */
final class Upkeep {

    private static final byte[] ROLLBACK = FrontendMessage.query("ROLLBACK");
    private static final byte[] DISCARD_ALL = FrontendMessage.query("DISCARD ALL");
    private static final Transport NOWHERE = new DiscardingTransport();

    /** The outcome of reading from the server. */
    enum Heard {
        NOTHING,
        /** The answer to our statements is complete. */
        ANSWER,
        /** Something that it should not have sent. */
        VIOLATION,
        END
    }

    private final ServerIdentity identity;
    private final Pipe fromServer;
    private QueryProgress progress = new QueryProgress();

    /** Null while a client has the backend. */
    private @Nullable HousekeepingInspector inspector;

    /** What the server has not taken yet; null when it has taken all. */
    private @Nullable ByteBuffer unsent;

    /** @param identity learns what the server reports */
    Upkeep(ServerIdentity identity, RelayBuffers buffers) {
        this.identity = identity;
        HousekeepingInspector first = new HousekeepingInspector(identity, progress);
        this.inspector = first;
        this.fromServer = new Pipe(buffers, first);
    }

    /** What the server sends, on its way to its reader. */
    Pipe fromServer() {
        return fromServer;
    }

    QueryProgress progress() {
        return progress;
    }

    /** A client begins: queries of earlier clients no longer count. */
    void claimed() {
        progress = new QueryProgress();
    }

    /** From here on, what the server sends is for a client. */
    void leased() {
        inspector = null;
    }

    private HousekeepingInspector inspector() {
        if (inspector == null) {
            throw new IllegalStateException("the proxy has nothing to say to a server that has a client");
        }
        return inspector;
    }

    /** The client has left: the proxy itself reads what the server sends. */
    void clientLeft(Transport server) {
        fromServer.drop();
        inspectAnew();
        server.interest(Interest.READ);
    }

    /** From here on, the server is expected to be silent. */
    void expectSilence() {
        inspectAnew();
        inspector().expectSilence();
    }

    private void inspectAnew() {
        HousekeepingInspector next = new HousekeepingInspector(identity, progress);
        inspector = next;
        fromServer.inspectWith(next);
    }

    void rollBack(Transport server) throws IOException {
        inspector().expect("ROLLBACK");
        send(server, ROLLBACK);
    }

    /** @param question asked after the reset: whether the session is as good as new */
    void discardAll(CustomParameters.Question question, Transport server) throws IOException {
        inspector().expect("DISCARD ALL", FreshnessCheck.TAG);
        inspector().ask(question);
        send(server, DISCARD_ALL, question.query());
    }

    private void send(Transport server, byte[]... queries) throws IOException {
        ByteBuffer all = ByteBuffer.allocateDirect(
                Arrays.stream(queries).mapToInt(query -> query.length).sum());
        for (byte[] query : queries) {
            progress.onFrontend(FrontendMessage.QUERY);
            all.put(query);
        }
        unsent = all.flip();
        flush(server);
    }

    /** Sends what the server has not taken yet. */
    void flush(Transport server) throws IOException {
        ByteBuffer rest = unsent;
        if (rest != null) {
            server.write(rest);
            unsent = rest.hasRemaining() ? rest : null;
            server.interest(rest.hasRemaining() ? Interest.READ | Interest.WRITE : Interest.READ);
        }
    }

    /** @throws ProtocolViolation when the server's bytes are not messages */
    Heard read(Transport server) throws ProtocolViolation {
        if (fromServer.pump(server, NOWHERE) == Pipe.Outcome.SOURCE_ENDED) {
            return Heard.END;
        }
        if (inspector().isViolated()) {
            return Heard.VIOLATION;
        }
        return inspector().takeReady() ? Heard.ANSWER : Heard.NOTHING;
    }

    /** The server has not answered in time. */
    void timedOut() {
        inspector().timedOut();
    }

    /** What the former client left that the reset did not undo; empty for nothing. */
    String leftover() {
        return inspector().leftover();
    }

    /** Idle time after which the server ends the session, according to its answer to the reset; 0 for never. */
    long idleSessionTimeoutMs() {
        return inspector().idleSessionTimeoutMs();
    }

    /** Sends Terminate to spare the server's log a complaint; whether it arrives does not matter. */
    void sayGoodbye(Transport server) {
        if (unsent != null) {
            return;
        }
        try {
            byte[] terminate = FrontendMessage.terminate();
            server.write(
                    ByteBuffer.allocateDirect(terminate.length).put(terminate).flip());
        } catch (IOException e) {
            // The server is gone: nothing needs to be sent.
            return;
        }
    }
}
