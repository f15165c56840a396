package dev.pgproxy.common.ipc;

/**
 * What a server says of itself.
 *
 * @param answered whether it did, be it with a refusal
 * @param inRecovery whether it is a standby; meaningless when there is a problem
 * @param lagSeconds how old the last transaction is that a standby has replayed; 0 when it has replayed all that it has received,
 *     negative when that is not known
 * @param problem why it could not be asked; empty when it could
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
