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

/** What the proxy itself says to a server between two clients, and hears from it: the reset, and silence after it. */
final class Upkeep {

    private static final byte[] ROLLBACK = FrontendMessage.query("ROLLBACK");
    private static final byte[] DISCARD_ALL = FrontendMessage.query("DISCARD ALL");
    private static final Transport NOWHERE = new DiscardingTransport();

    /** What came of reading from the server. */
    enum Heard {
        NOTHING,
        /** The answer to what it was told is complete. */
        ANSWER,
        /** Something that it should not have said. */
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

    /** A client begins: nothing of those before it counts. */
    void claimed() {
        progress = new QueryProgress();
    }

    /** What the server says is for a client from now on. */
    void leased() {
        inspector = null;
    }

    private HousekeepingInspector inspector() {
        if (inspector == null) {
            throw new IllegalStateException("the proxy has nothing to say to a server that has a client");
        }
        return inspector;
    }

    /** The server is listened to from now on, whose client has left. */
    void clientLeft(Transport server) {
        fromServer.drop();
        inspectAnew();
        server.interest(Interest.READ);
    }

    /** The server has nothing to say from now on. */
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

    /** Sends what the server has not read yet. */
    void flush(Transport server) throws IOException {
        ByteBuffer rest = unsent;
        if (rest != null) {
            server.write(rest);
            unsent = rest.hasRemaining() ? rest : null;
            server.interest(rest.hasRemaining() ? Interest.READ | Interest.WRITE : Interest.READ);
        }
    }

    /** @throws ProtocolViolation when the server's bytes are no messages */
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

    /** What the former client has left, which the reset did not undo; empty for nothing. */
    String leftover() {
        return inspector().leftover();
    }

    /** After which the server ends the session when it is idle, as its answer to the reset has it; 0 for never. */
    long idleSessionTimeoutMs() {
        return inspector().idleSessionTimeoutMs();
    }

    /** Spares the server's log a complaint; whether it arrives does not matter. */
    void sayGoodbye(Transport server) {
        if (unsent != null) {
            return;
        }
        try {
            byte[] terminate = FrontendMessage.terminate();
            server.write(
                    ByteBuffer.allocateDirect(terminate.length).put(terminate).flip());
        } catch (IOException e) {
            // The server is gone: nobody is left to say it to.
            return;
        }
    }
}
