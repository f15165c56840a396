package dev.pgproxy.common.ipc;

/**
 * What a server says of itself.
 *
 * @param answered whether it did
 * @param inRecovery whether it is a standby
 * @param lagSeconds how old the last transaction is that a standby has replayed; 0 when it has replayed all that it has received,
 *     negative when that is not known
 * @param problem why it did not answer; empty when it did
 */
public record ServerHealth(boolean answered, boolean inRecovery, double lagSeconds, String problem) {

    void encode(FieldWriter out) {
        out.bool(answered)
                .bool(inRecovery)
                .int64(Double.doubleToLongBits(lagSeconds))
                .string(problem);
    }

    static ServerHealth decode(FieldReader in) throws ControlViolation {
        return new ServerHealth(in.bool(), in.bool(), Double.longBitsToDouble(in.int64()), in.string());
    }
}
