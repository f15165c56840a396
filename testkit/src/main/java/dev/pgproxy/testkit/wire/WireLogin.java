package dev.pgproxy.testkit.wire;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.exception.ScramException;
import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.Md5Exchange;
import dev.pgproxy.common.protocol.FrontendMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A login byte by byte, with everything that was sent and received, to compare one server's answers with another's or to replay it.
 *
 * @param sent the client's messages after its startup packet
 * @param received up to ReadyForQuery, or to the end of the stream
 */
public record WireLogin(List<byte[]> sent, List<WireMessage> received) {

    /** Sends the startup packet and answers every request with this password; an empty password gives an empty answer. */
    public static WireLogin attempt(WireClient client, String user, String database, String password)
            throws IOException {
        client.startup(WireClient.PROTOCOL_3_0, user, database);
        List<byte[]> sent = new ArrayList<>();
        List<WireMessage> received = new ArrayList<>();
        ScramClient scram = null;
        for (WireMessage message = client.read(); message != null; message = client.read()) {
            received.add(message);
            if (message.type() == 'Z') {
                break;
            }
            if (message.type() != 'R') {
                continue;
            }
            int code = ByteBuffer.wrap(message.body()).getInt();
            byte[] data = Arrays.copyOfRange(message.body(), Integer.BYTES, message.body().length);
            if (code == AuthenticationMethod.SASL_CODE) {
                scram = ScramClient.builder()
                        .advertisedMechanisms(List.of("SCRAM-SHA-256"))
                        .username("*")
                        .password((password.isEmpty() ? "x" : password).toCharArray())
                        .build();
            }
            byte[] answer = answer(code, data, user, password, scram);
            if (answer != null) {
                sent.add(answer);
                client.send(answer);
            }
        }
        return new WireLogin(sent, received);
    }

    private static byte @Nullable [] answer(
            int code, byte[] data, String user, String password, @Nullable ScramClient scram) throws IOException {
        byte[] body;
        switch (code) {
            case AuthenticationMethod.PASSWORD_CODE -> body = (password + "\0").getBytes(StandardCharsets.UTF_8);
            case AuthenticationMethod.MD5_CODE -> body = md5(user, password, data);
            case AuthenticationMethod.SASL_CODE -> body = first(scram);
            case AuthenticationMethod.SASL_CONTINUE_CODE -> body = password.isEmpty() ? new byte[0] : last(scram, data);
            default -> {
                return null;
            }
        }
        return FrontendMessage.wrap(FrontendMessage.PASSWORD, body);
    }

    private static byte[] md5(String user, String password, byte[] salt) {
        if (password.isEmpty()) {
            return new byte[1];
        }
        byte[] inner = Md5Exchange.stored(
                        password.getBytes(StandardCharsets.UTF_8), user.getBytes(StandardCharsets.UTF_8))
                .substring(Md5Exchange.PREFIX.length())
                .getBytes(StandardCharsets.US_ASCII);
        return (Md5Exchange.stored(inner, salt) + "\0").getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] first(@Nullable ScramClient scram) {
        byte[] message = exchange(scram).clientFirstMessage().toString().getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes("SCRAM-SHA-256\0".getBytes(StandardCharsets.US_ASCII));
        body.writeBytes(
                ByteBuffer.allocate(Integer.BYTES).putInt(message.length).array());
        body.writeBytes(message);
        return body.toByteArray();
    }

    private static byte[] last(@Nullable ScramClient scram, byte[] serverFirst) throws IOException {
        try {
            exchange(scram).serverFirstMessage(new String(serverFirst, StandardCharsets.US_ASCII));
        } catch (ScramException e) {
            throw new IOException("the server's first message is none", e);
        }
        return exchange(scram).clientFinalMessage().toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static ScramClient exchange(@Nullable ScramClient scram) {
        if (scram == null) {
            throw new IllegalStateException("SASL goes on before it began");
        }
        return scram;
    }

    /** Whether the client was let in. */
    public boolean isIn() {
        return !received.isEmpty() && received.get(received.size() - 1).type() == 'Z';
    }

    /** The process id of BackendKeyData. */
    public int pid() {
        return received.stream()
                .filter(message -> message.type() == 'K')
                .mapToInt(message -> ByteBuffer.wrap(message.body()).getInt())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no BackendKeyData in " + received));
    }

    /** Everything received as text, message by message, without what must differ: salts, nonces, signatures and keys. */
    public List<String> transcript() {
        return received.stream().map(WireLogin::described).toList();
    }

    private static String described(WireMessage message) {
        return message.type() + " "
                + switch (message.type()) {
                    case 'R' -> describedRequest(message.body());
                    case 'K' -> message.body().length + " bytes";
                    case 'E', 'N' -> new TreeMap<>(message.fields()).toString();
                    default -> message.text();
                };
    }

    private static String describedRequest(byte[] body) {
        int code = ByteBuffer.wrap(body).getInt();
        String data = new String(body, Integer.BYTES, body.length - Integer.BYTES, StandardCharsets.ISO_8859_1);
        return code
                + switch (code) {
                    case AuthenticationMethod.SASL_CONTINUE_CODE -> " " + data.replaceFirst("^r=[^,]*", "r=");
                    case AuthenticationMethod.SASL_CODE -> " " + data.replace('\0', '.');
                    default -> " " + data.length() + " bytes";
                };
    }
}
