package dev.pgproxy.testkit.hostile;

import static dev.pgproxy.testkit.hostile.FakeConnection.message;
import static dev.pgproxy.testkit.hostile.FakeConnection.text;

import dev.pgproxy.common.protocol.BackendMessage;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a hostile or broken server may do, by name: during a login, and in a session that began well. */
public final class HostileBehaviours {

    /** More than any limit of the proxy; a proxy that takes and keeps all of it has none. */
    private static final long ENDLESS_BYTES = 48L * 1024 * 1024;

    private static final int HUGE = Integer.MAX_VALUE;
    private static final byte[] SALT = {1, 2, 3, 4};
    private static final byte[] KEY = {0, 0, 0, 7, 1, 2, 3, 4};

    private HostileBehaviours() {}

    /** After the startup packet, before the client is let in. */
    public static Map<String, FakeServer.Behaviour> atLogin() {
        Map<String, FakeServer.Behaviour> all = new LinkedHashMap<>();
        for (char type : "RSKvZEN".toCharArray()) {
            for (int bytes = 0; bytes <= 8; bytes++) {
                byte[] body = new byte[bytes];
                all.put("zeros-" + type + bytes, client -> {
                    client.send(type, body);
                    client.readToEnd();
                });
            }
        }
        for (int code : new int[] {1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, -1, HUGE}) {
            all.put("authentication-" + code, client -> {
                client.sendAuthentication(code);
                client.readToEnd();
            });
        }
        all.put("md5-salt-short", client -> {
            client.sendAuthentication(5, new byte[3]);
            client.readToEnd();
        });
        all.put("md5-salt-long", client -> {
            client.sendAuthentication(5, new byte[5]);
            client.readToEnd();
        });
        all.put("sasl-no-terminator", client -> {
            client.sendAuthentication(10, "SCRAM-SHA-256".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            client.readToEnd();
        });
        all.put("sasl-no-mechanism", client -> {
            client.sendAuthentication(10, new byte[1]);
            client.readToEnd();
        });
        all.put("sasl-continue-unasked", client -> {
            client.sendAuthentication(11, text("r=x,s=y,i=1"));
            client.readToEnd();
        });
        all.put("sasl-final-unasked", client -> {
            client.sendAuthentication(12, text("v=x"));
            client.send(BackendMessage.authenticationOk());
            client.send(BackendMessage.readyForQueryIdle());
            client.readToEnd();
        });
        for (int length : new int[] {0, 3, -1, Integer.MIN_VALUE, HUGE, HUGE - 3, 16 * 1024 + 1}) {
            all.put("length-" + length, client -> {
                client.sendHeader('R', length);
                client.readToEnd();
            });
        }
        all.put("half-header", client -> {
            client.send((byte) 'R', (byte) 0);
            client.readToEnd();
        });
        all.put("half-message-then-end", client -> {
            client.sendHeader('E', 100);
            client.send((byte) 'S');
        });
        all.put("closes-at-once", client -> {});
        all.put("resets-at-once", FakeConnection::resetOnClose);
        all.put("says-nothing", FakeConnection::readToEnd);
        all.put("http", client -> client.send(text("HTTP/1.1 400 Bad Request\r\n\r\n")));
        all.put("ok-then-end", client -> client.send(BackendMessage.authenticationOk()));
        all.put("ok-twice", client -> {
            client.send(BackendMessage.authenticationOk());
            client.send(BackendMessage.authenticationOk());
            client.readToEnd();
        });
        all.put("ready-without-ok", client -> {
            client.send(BackendMessage.readyForQueryIdle());
            client.readToEnd();
        });
        all.put("ready-with-odd-status", client -> {
            client.send(BackendMessage.authenticationOk());
            client.send('Z', (byte) '?');
            client.readToEnd();
        });
        all.put("asks-after-ok", client -> {
            client.send(BackendMessage.authenticationOk());
            client.sendAuthentication(5, SALT);
            client.readToEnd();
        });
        all.put("key-of-300-bytes", client -> {
            client.send(BackendMessage.authenticationOk());
            client.send(BackendMessage.backendKeyData(1, new byte[300]));
            client.send(BackendMessage.readyForQueryIdle());
            client.readToEnd();
        });
        all.put("two-keys", client -> {
            client.send(BackendMessage.authenticationOk());
            client.send('K', KEY);
            client.send('K', KEY);
            client.send(BackendMessage.readyForQueryIdle());
            client.readToEnd();
        });
        all.put("row-before-ready", client -> {
            client.send(BackendMessage.authenticationOk());
            client.send('D', (byte) 0, (byte) 0);
            client.readToEnd();
        });
        all.put("negotiates-absurdly", client -> {
            client.send('v', ByteBuffer.allocate(8).putInt(HUGE).putInt(HUGE).array());
            client.send(BackendMessage.authenticationOk());
            client.send(BackendMessage.readyForQueryIdle());
            client.readToEnd();
        });
        all.put("parameter-without-value", client -> {
            client.send('S', text("server_version"));
            client.readToEnd();
        });
        all.put("error-without-fields", client -> client.send('E', new byte[1]));
        all.put("error-without-terminators", client -> client.send('E', new byte[] {'S', 'F', 'A'}));
        all.put("error-of-16-kib", client -> client.send('E', fatError(16_500)));
        all.put("not-now-of-16-kib", client -> client.send('E', fatError("57P03", 16_500)));
        all.put("not-now-of-8-kib", client -> client.send('E', fatError("57P03", 8_500)));
        all.put("endless-parameters", client -> {
            client.send(BackendMessage.authenticationOk());
            client.sendEndlessly(turn -> BackendMessage.parameterStatus("p" + turn, "x".repeat(200)), ENDLESS_BYTES);
        });
        all.put(
                "endless-notices",
                client -> client.sendEndlessly(turn -> message('N', fatError(1_000)), ENDLESS_BYTES));
        all.put("endless-string", client -> {
            client.sendHeader('E', HUGE);
            client.sendEndlessly(turn -> filled(8_192), ENDLESS_BYTES);
        });
        all.put("endless-requests", client -> client.sendEndlessly(turn -> message('R', md5Request()), 1024 * 1024));
        return all;
    }

    /** After a successful login, in answer to the client's first query. */
    public static Map<String, FakeServer.Behaviour> inSession() {
        Map<String, FakeServer.Behaviour> all = new LinkedHashMap<>();
        for (char type : "ZSTDCEN".toCharArray()) {
            for (int bytes = 0; bytes <= 4; bytes++) {
                byte[] body = new byte[bytes];
                put(all, "answer-" + type + bytes, client -> {
                    client.send(type, body);
                    client.send(BackendMessage.readyForQueryIdle());
                });
            }
        }
        for (int length : new int[] {0, 3, -1, Integer.MIN_VALUE, HUGE, HUGE - 3}) {
            put(all, "answer-length-" + length, client -> client.sendHeader('D', length));
            put(all, "answer-parameter-length-" + length, client -> client.sendHeader('S', length));
        }
        put(all, "answer-end", client -> {});
        put(all, "answer-reset", FakeConnection::resetOnClose);
        put(all, "answer-half-row", client -> {
            client.sendHeader('D', 100);
            client.send((byte) 1);
        });
        put(all, "answer-ready-twice", client -> {
            client.send(BackendMessage.readyForQueryIdle());
            client.send(BackendMessage.readyForQueryIdle());
        });
        put(all, "answer-authentication", client -> {
            client.sendAuthentication(3);
            client.send(BackendMessage.readyForQueryIdle());
        });
        put(all, "answer-new-key", client -> {
            client.send('K', KEY);
            client.send(BackendMessage.readyForQueryIdle());
        });
        put(all, "answer-copy-in", client -> {
            client.send('G', (byte) 0, (byte) 0, (byte) 0);
            client.send(BackendMessage.readyForQueryIdle());
        });
        put(all, "answer-copy-both", client -> client.send('W', (byte) 0, (byte) 0, (byte) 0));
        put(all, "answer-unknown-type", client -> {
            client.send('\u0001', new byte[100]);
            client.send(BackendMessage.readyForQueryIdle());
        });
        put(all, "answer-forged-in-use", client -> {
            client.send('E', fatError("55006", 100));
            client.send(BackendMessage.readyForQueryIdle());
        });
        put(
                all,
                "answer-endless-parameters",
                client -> client.sendEndlessly(
                        turn -> BackendMessage.parameterStatus("p" + turn, "x".repeat(200)), ENDLESS_BYTES));
        put(
                all,
                "answer-endless-notices",
                client -> client.sendEndlessly(turn -> message('N', fatError(900)), ENDLESS_BYTES));
        put(all, "answer-endless-row", client -> {
            client.sendHeader('D', HUGE);
            client.sendEndlessly(turn -> filled(8_192), ENDLESS_BYTES);
        });
        return all;
    }

    private static void put(Map<String, FakeServer.Behaviour> all, String name, FakeServer.Behaviour answer) {
        all.put(name, client -> {
            client.letIn();
            while (client.readMessage() != 'Q') {
                // on to the query
            }
            answer.serve(client);
        });
    }

    private static byte[] md5Request() {
        return ByteBuffer.allocate(8).putInt(5).put(SALT).array();
    }

    private static byte[] filled(int bytes) {
        byte[] text = new byte[bytes];
        Arrays.fill(text, (byte) 'x');
        return text;
    }

    private static byte[] fatError(int bytes) {
        return fatError("53300", bytes);
    }

    /** The body of an ErrorResponse that is at least this long. */
    private static byte[] fatError(String sqlState, int bytes) {
        return text("SFATAL\0VFATAL\0C" + sqlState + "\0Mdatabase \"bystander\" " + "x".repeat(bytes) + "\0");
    }
}
