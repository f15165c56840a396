package dev.pgproxy.fuzzing;

import dev.pgproxy.adminworker.sql.Planner;
import dev.pgproxy.adminworker.sql.Settings;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlText;
import dev.pgproxy.common.auth.ScramClient;
import dev.pgproxy.common.auth.ScramExchange;
import dev.pgproxy.common.auth.ScramVerifier;
import dev.pgproxy.common.auth.Verifiers;
import dev.pgproxy.common.channel.ControlFrame;
import dev.pgproxy.common.channel.ControlViolation;
import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.config.ConfigException;
import dev.pgproxy.common.config.ConfigLoader;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.Negotiation;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import dev.pgproxy.poolworker.backend.HousekeepingTarget;
import dev.pgproxy.poolworker.login.LoginTargets;
import dev.pgproxy.poolworker.moving.InventoryTarget;
import dev.pgproxy.poolworker.traffic.TrafficTargets;
import dev.pgproxy.taskworker.connection.AnswerBoundsTarget;
import dev.pgproxy.taskworker.secret.UserListTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Queue;

/** The targets of fuzzing. */
public enum Target {
    STARTUP_PACKET(Target::startupPacket),
    FRONTEND_MESSAGES(TrafficTargets::frontend),
    BACKEND_LOGIN(LoginTargets::login),
    BACKEND_MESSAGES(TrafficTargets::session),
    BACKEND_SETTING(LoginTargets::setting),
    BACKEND_INVENTORY(InventoryTarget::inventory),
    BACKEND_HOUSEKEEPING(HousekeepingTarget::run),
    ERROR_FIELDS(BackendMessage::fields),
    CLIENTS_PROOF(LoginTargets::verification),
    SCRAM_OF_CLIENT(Target::scramOfClient),
    SCRAM_OF_SERVER(bytes -> new ScramClient(new byte[32], new byte[18]).last(bytes)),
    VERIFIER(bytes -> Verifiers.of(List.of(text(bytes)))),
    CONTROL_FRAME(Target::controlFrame),
    PROPERTIES(Target::properties),
    USER_LIST(UserListTarget::run),
    DRIVER_ANSWERS(AnswerBoundsTarget::run),
    SQL(Target::sql);

    private static final Protocol PROTOCOL = new Protocol();

    /** Descriptors that arrive with the frames of one input. */
    private static final int MAX_DESCRIPTORS = 4;

    private static final Settings SETTINGS = new Settings("somebody", "fuzz", "0", false, 1);
    private static final ScramVerifier SCRAM = verifier();

    /** Must withstand any bytes. */
    interface Decoder {
        void decode(byte[] bytes) throws IOException;
    }

    @SuppressWarnings("ImmutableEnumChecker") // Stateless.
    private final Decoder decoder;

    Target(Decoder decoder) {
        this.decoder = decoder;
    }

    /** The name in the corpus and in scripts/fuzz. */
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Target of(String label) {
        return valueOf(label.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** Decodes the bytes. Whatever this throws is a fault. */
    void run(byte[] bytes) {
        try {
            decoder.decode(bytes.clone());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static ScramVerifier verifier() {
        try {
            return ScramVerifier.of("secret".getBytes(StandardCharsets.US_ASCII), new byte[ScramVerifier.SALT_BYTES]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void startupPacket(byte[] bytes) {
        if (bytes.length < StartupPacketDecoder.HEADER_BYTES) {
            return;
        }
        try {
            StartupPacketDecoder.checkedLength(bytes.length);
            ByteBuffer.wrap(bytes).putInt(bytes.length);
            if (StartupPacketDecoder.decode(bytes) instanceof StartupPacket.Startup startup) {
                byte[] again = startup.packet();
                boolean same = StartupPacketDecoder.decode(again).equals(startup);
                if (!same || again.length > StartupPacketDecoder.MAX_PACKET_BYTES) {
                    throw new IllegalStateException("the packet for the server is another one");
                }
                Negotiation.of(startup).serverPacket();
            }
        } catch (ProtocolViolation e) {
            return; // Refused, as it should be.
        }
    }

    private static void scramOfClient(byte[] bytes) {
        int half = bytes.length / 2;
        ScramExchange exchange = new ScramExchange(SCRAM, new byte[ScramExchange.NONCE_BYTES]);
        exchange.first(bytes);
        exchange.last(bytes);
        exchange.first(java.util.Arrays.copyOf(bytes, half));
        byte[] rest = java.util.Arrays.copyOfRange(bytes, half, bytes.length);
        if (exchange.last(rest) != null) {
            throw new IllegalStateException("a proof without the password");
        }
        exchange.transplant(rest, bytes);
        exchange.overheard(bytes, rest);
    }

    private static void controlFrame(byte[] bytes) {
        decodeFrames(ByteBuffer.wrap(bytes));
        decodeFrames(frame(bytes));
    }

    private static void decodeFrames(ByteBuffer in) {
        Queue<Descriptor> arrived = new ArrayDeque<>();
        for (int i = 0; i < MAX_DESCRIPTORS; i++) {
            arrived.add(() -> {});
        }
        ControlFrame frames = new ControlFrame(PROTOCOL, arrived);
        try {
            while (frames.decodeNext(in) != null) {
                // the next one
            }
        } catch (ControlViolation e) {
            return; // Refused, as it should be.
        }
    }

    /** A frame with the bytes as the fields of the message that they name before a colon; without a name the first byte chooses one. */
    private static ByteBuffer frame(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        String name = text.substring(0, Math.max(0, text.indexOf(':')));
        List<Class<?>> messages = PROTOCOL.messages();
        int number = 0;
        while (number < messages.size() && !messages.get(number).getSimpleName().equals(name)) {
            number++;
        }
        if (number == messages.size()) {
            number = bytes.length == 0 ? 0 : (bytes[0] & 0xff) % messages.size();
        }
        long descriptors = Arrays.stream(messages.get(number).getRecordComponents())
                .filter(component -> component.getType() == Descriptor.class)
                .count();
        int fields = Math.min(bytes.length, name.length() + 1);
        ByteBuffer frame = ByteBuffer.allocate(ControlFrame.HEADER_BYTES + bytes.length - fields);
        frame.putShort((short) 0x5067).put((byte) 0).put((byte) number).put((byte) descriptors);
        return frame.putInt(bytes.length - fields)
                .put(bytes, fields, bytes.length - fields)
                .flip();
    }

    private static void properties(byte[] bytes) throws IOException {
        Path file = Files.createTempFile("pgproxy-fuzz", ".properties");
        try {
            Files.write(file, bytes);
            ConfigLoader.load(file);
        } catch (ConfigException | java.nio.charset.CharacterCodingException e) {
            return; // Refused, as it should be.
        } finally {
            Files.delete(file);
        }
    }

    private static void sql(byte[] bytes) {
        try {
            for (SqlText statement : SqlText.split(text(bytes))) {
                Planner.plan(statement, SETTINGS);
            }
        } catch (SqlProblem e) {
            return; // Refused, as it should be.
        }
    }
}
