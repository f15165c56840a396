package dev.pgproxy.common.ipc;

/**
 * Where a client comes from.
 *
 * @param ip its address, as text
 * @param port 1 to 65535
 * @param waitedMs how long it waited for its place
 */
public record ClientOrigin(String ip, int port, long waitedMs) {

    /** Address and port, as the log has them. */
    public String display() {
        return (ip.contains(":") ? "[" + ip + "]" : ip) + ":" + port;
    }

    void encode(FieldWriter out) {
        out.string(ip).int32(port).int64(waitedMs);
    }

    static ClientOrigin decode(FieldReader in) throws ControlViolation {
        return new ClientOrigin(in.string(), in.int32(), in.int64());
    }
}
