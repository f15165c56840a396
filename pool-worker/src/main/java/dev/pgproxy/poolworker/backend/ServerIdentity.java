package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.protocol.MessageFramer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a server has reported about itself at login and since: everything that the next client of its backend must be sent as well. */
public final class ServerIdentity {

    /** Warnings that a server sends at every login: never more than a few. */
    private static final int MAX_LOGIN_NOTICES = 16;
    /** All notices of a login together, which are sent to each client of a warm backend. */
    private static final int MAX_LOGIN_NOTICE_BYTES = 16 * 1024;
    /** Parameters whose values a server reports: PostgreSQL has fewer than 20, and extensions may add some. */
    private static final int MAX_STATUSES = 200;
    /** All ParameterStatus messages together. */
    private static final int MAX_STATUS_BYTES = 32 * 1024;

    private static final byte[] NOTHING = {};

    private List<byte[]> loginNotices = List.of();
    /** Those of a login that is not complete yet, each message of which adds one; empty after it. */
    private Map<String, byte[]> newStatuses = new LinkedHashMap<>();

    /** Those that are shared; null during a login. */
    private @Nullable Statuses statuses;

    private @Nullable StatusTable table;

    private int noticeBytes;
    private int statusBytes;
    private byte[] negotiation = NOTHING;
    private int pid;
    private byte[] cancelKey = NOTHING;
    private AuthenticationMethod method = AuthenticationMethod.OTHER;
    private byte[] saslRequest = NOTHING;
    private String fingerprint = "";
    private Map<String, String> ignoredParameters = Map.of();

    /**
     * Notes a ParameterStatus message, whole and as sent; a later one of the same name replaces it.
     *
     * @return false when it is malformed or exceeds what a server may report; then nothing was noted
     */
    public boolean status(byte[] message, int bodyStart) {
        int nameEnd = end(message, bodyStart);
        int valueEnd = nameEnd < 0 ? -1 : end(message, nameEnd + 1);
        if (nameEnd == bodyStart || valueEnd != message.length - 1) {
            return false;
        }
        String name = new String(message, bodyStart, nameEnd - bodyStart, StandardCharsets.ISO_8859_1);
        Map<String, byte[]> known = messages();
        byte[] before = known.get(name);
        int bytes = statusBytes + message.length - (before == null ? 0 : before.length);
        if (bytes > MAX_STATUS_BYTES || (before == null && known.size() >= MAX_STATUSES)) {
            return false;
        }
        statusBytes = bytes;
        if (table == null) {
            newStatuses.put(name, message);
        } else if (!Arrays.equals(message, before)) {
            Map<String, byte[]> changed = new LinkedHashMap<>(known);
            changed.put(name, message);
            statuses = table.shared(changed);
        }
        return true;
    }

    /** The login is complete: the statuses rarely change after it, and are shared with equal ones of other backends. */
    void share(StatusTable newTable) {
        table = newTable;
        statuses = newTable.shared(messages());
        newStatuses = Map.of();
        ignoredParameters = newTable.sharedIgnored(ignoredParameters);
        fingerprint = newTable.sharedFingerprint(fingerprint);
    }

    /** The index of the terminator of the string that begins here; negative when there is none. */
    private static int end(byte[] message, int start) {
        for (int at = start; at < message.length; at++) {
            if (message[at] == 0) {
                return at;
            }
        }
        return -1;
    }

    /** Notes a NoticeResponse of the login, such as a collation version warning: every new session of this kind gets it. */
    public void loginNotice(byte[] message) {
        if (loginNotices.size() < MAX_LOGIN_NOTICES && noticeBytes + message.length <= MAX_LOGIN_NOTICE_BYTES) {
            noticeBytes += message.length;
            List<byte[]> more = new ArrayList<>(loginNotices);
            more.add(message);
            loginNotices = more;
        }
    }

    /** The NoticeResponses of the login, which follow AuthenticationOk. */
    public List<byte[]> loginNotices() {
        return loginNotices;
    }

    /** Notes the NegotiateProtocolVersion that the client was given. */
    public void negotiation(byte[] message) {
        negotiation = message;
    }

    /** Notes the body of BackendKeyData: Int32 process id, then the key. */
    public void keyData(byte[] body) {
        ByteBuffer in = ByteBuffer.wrap(body);
        pid = in.getInt();
        cancelKey = new byte[in.remaining()];
        in.get(cancelKey);
    }

    /**
     * Notes how the client was authenticated.
     *
     * @param request the AuthenticationSASL message, including its header; empty when there was none
     */
    public void authenticatedBy(AuthenticationMethod by, byte[] request) {
        method = by;
        saslRequest = request;
    }

    /**
     * Notes what only the start of this session depended on.
     *
     * @param openedUnder the role's fingerprint from before the login; empty when it is not known
     * @param ignored the values of the startup parameters that do not split pools
     */
    public void startedWith(String openedUnder, Map<String, String> ignored) {
        fingerprint = openedUnder;
        ignoredParameters = Map.copyOf(ignored);
    }

    public AuthenticationMethod method() {
        return method;
    }

    /** The AuthenticationSASL message with the server's mechanisms; empty when the method is another one. */
    public byte[] saslRequest() {
        return saslRequest;
    }

    public String fingerprint() {
        return fingerprint;
    }

    /** The values that RESET restores, for the parameters in which clients of one pool may differ. */
    public Map<String, String> ignoredParameters() {
        return ignoredParameters;
    }

    /** The ParameterStatus messages with the current values. */
    public Collection<byte[]> statusMessages() {
        return messages().values();
    }

    /** The same, one after the other, for a client that gets all of them. */
    public byte[] allStatuses() {
        return (statuses == null ? new Statuses(newStatuses) : statuses).inOnePiece();
    }

    private Map<String, byte[]> messages() {
        return statuses == null ? newStatuses : statuses.messages();
    }

    /** The current values by parameter name; one char per byte. */
    public Map<String, String> statuses() {
        Map<String, String> values = new LinkedHashMap<>();
        messages().forEach((name, message) -> {
            int start = MessageFramer.HEADER_BYTES + name.length() + 1;
            int length = Math.max(0, message.length - start - 1);
            values.put(name, new String(message, Math.min(start, message.length), length, StandardCharsets.ISO_8859_1));
        });
        return values;
    }

    /** NegotiateProtocolVersion as clients of this pool key get it; empty when they get none. */
    public byte[] negotiation() {
        return negotiation;
    }

    /** The server process's id. */
    public int pid() {
        return pid;
    }

    /** The server's own key for a CancelRequest: 4 bytes in protocol 3.0, up to 256 in 3.2. */
    public byte[] cancelKey() {
        return cancelKey;
    }
}
