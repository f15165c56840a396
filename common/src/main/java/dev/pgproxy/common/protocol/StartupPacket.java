package dev.pgproxy.common.protocol;

import java.util.List;

/** What a client may send first. Protocol: "Start-up" and "Message Formats" (StartupMessage, CancelRequest, SSLRequest, GSSENCRequest). */
public sealed interface StartupPacket {

    /** @param protocolVersion major in the upper 16 bits; the major is 3 */
    record Startup(int protocolVersion, StartupParameters parameters) implements StartupPacket {

        /** The same packet for another database. */
        public Startup withDatabase(String name) {
            List<StartupParameters.Parameter> pairs = parameters.sorted().stream()
                    .map(pair ->
                            pair.name().equals("database") ? new StartupParameters.Parameter(pair.name(), name) : pair)
                    .toList();
            return new Startup(protocolVersion, new StartupParameters(pairs));
        }

        /** The StartupMessage; its parameters are sorted, and the database is named. */
        public byte[] packet() {
            return FrontendMessage.startup(protocolVersion, parameters.sorted());
        }
    }

    /** @param secret 4 bytes in protocol 3.0, up to 256 in 3.2 */
    @SuppressWarnings("ArrayRecordComponent") // A secret is compared in constant time where that matters.
    record CancelRequest(int pid, byte[] secret) implements StartupPacket {}

    /** Asks for TLS; answered with one byte. */
    record SslRequest() implements StartupPacket {}

    /** Asks for GSSAPI encryption; answered with one byte. */
    record GssEncRequest() implements StartupPacket {}
}
