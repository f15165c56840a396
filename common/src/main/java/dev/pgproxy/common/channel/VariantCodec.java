package dev.pgproxy.common.channel;

import java.util.Arrays;
import java.util.stream.Collectors;

/** One of the records that a sealed interface permits: its index among them, then its components. */
final class VariantCodec implements FieldCodec {

    private final RecordCodec[] variants;

    VariantCodec(Class<?> sealed) {
        variants = Arrays.stream(sealed.getPermittedSubclasses())
                .map(RecordCodec::new)
                .toArray(RecordCodec[]::new);
    }

    @Override
    public void write(FieldWriter out, Object value) {
        int index = 0;
        while (variants[index].type() != value.getClass()) {
            index++;
        }
        out.int8(index);
        variants[index].write(out, value);
    }

    @Override
    public Object read(FieldReader in) throws ControlViolation {
        return variants[in.below(variants.length)].read(in);
    }

    @Override
    public String layout() {
        return "either " + Arrays.stream(variants).map(RecordCodec::layout).collect(Collectors.joining(" or "));
    }
}
