package dev.pgproxy.common.channel;

import dev.pgproxy.common.log.ForPeople;
import dev.pgproxy.common.loop.Descriptor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** The encoding of each type that a field of a message may have. Records, enums and sealed interfaces need no entry here. */
final class FieldCodecs {

    private FieldCodecs() {}

    private interface Writing<T> {
        void write(FieldWriter out, T value);
    }

    private interface Reading {
        Object read(FieldReader in) throws ControlViolation;
    }

    private record Simple<T>(String layout, Class<T> type, Writing<T> writing, Reading reading) implements FieldCodec {
        @Override
        public void write(FieldWriter out, Object value) {
            writing.write(out, type.cast(value));
        }

        @Override
        public Object read(FieldReader in) throws ControlViolation {
            return reading.read(in);
        }
    }

    /** The codec of this component, whose type is not primitive. */
    static FieldCodec of(RecordComponent component) {
        if (component.isAnnotationPresent(ForPeople.class)) {
            return new Simple<>("text", String.class, FieldWriter::text, FieldReader::string);
        }
        return of(component.getGenericType());
    }

    private static FieldCodec of(Type type) {
        if (type instanceof ParameterizedType generic) {
            return generic(generic);
        }
        if (!(type instanceof Class<?> of)) {
            throw new IllegalArgumentException("no message can have a field of type " + type);
        }
        if (of == String.class) {
            return new Simple<>("string", String.class, FieldWriter::string, FieldReader::string);
        } else if (of == byte[].class) {
            return new Simple<>("bytes", byte[].class, FieldWriter::bytes, FieldReader::bytes);
        } else if (of == Long.class) {
            return new Simple<>("long", Long.class, FieldWriter::int64, FieldReader::int64);
        } else if (of == Duration.class) {
            return new Simple<>(
                    "millis",
                    Duration.class,
                    (out, value) -> out.int64(value.toMillis()),
                    in -> Duration.ofMillis(in.int64()));
        } else if (of == Path.class) {
            return new Simple<>(
                    "path", Path.class, (out, value) -> out.string(value.toString()), in -> Path.of(in.string()));
        } else if (of == Descriptor.class) {
            return new DescriptorCodec();
        } else if (of.isEnum()) {
            return constant(of);
        } else if (of.isRecord()) {
            return new RecordCodec(of);
        } else if (of.isSealed()) {
            return new VariantCodec(of);
        }
        throw new IllegalArgumentException("no message can have a field of " + of);
    }

    private static FieldCodec generic(ParameterizedType type) {
        FieldCodec element = of(type.getActualTypeArguments()[0]);
        Type raw = type.getRawType();
        if (raw == List.class) {
            return list(element);
        } else if (raw == Optional.class) {
            return optional(element);
        } else if (raw == Map.class) {
            return map(element, of(type.getActualTypeArguments()[1]));
        } else if (raw == Set.class && type.getActualTypeArguments()[0] instanceof Class<?> of && of.isEnum()) {
            return set(of);
        }
        throw new IllegalArgumentException("no message can have a field of type " + type);
    }

    /** An index into the constants; the fingerprint covers their names, so both sides agree on it. */
    @SuppressWarnings("EnumOrdinal")
    private static FieldCodec constant(Class<?> type) {
        Object[] constants = type.getEnumConstants();
        return new Simple<>(
                "one of " + Arrays.toString(constants),
                Enum.class,
                (out, value) -> out.int8(value.ordinal()),
                in -> constants[in.below(constants.length)]);
    }

    @SuppressWarnings({"unchecked", "rawtypes", "EnumOrdinal"
    }) // The class is an enum, and the set holds its constants.
    private static FieldCodec set(Class<?> type) {
        Object[] constants = type.getEnumConstants();
        return new Simple<>(
                "some of " + Arrays.toString(constants),
                Set.class,
                (out, value) -> {
                    long bits = 0;
                    for (Object constant : value) {
                        bits |= 1L << ((Enum) constant).ordinal();
                    }
                    out.int64(bits);
                },
                in -> {
                    long bits = in.int64();
                    Set values = EnumSet.noneOf((Class) type);
                    for (int i = 0; i < constants.length; i++) {
                        if ((bits & (1L << i)) != 0) {
                            values.add(constants[i]);
                        }
                    }
                    return values;
                });
    }

    private static FieldCodec list(FieldCodec element) {
        return new Simple<>(
                "list of " + element.layout(),
                List.class,
                (out, values) -> {
                    out.int32(values.size());
                    for (Object value : values) {
                        element.write(out, value);
                    }
                },
                in -> {
                    int count = in.count();
                    List<Object> values = new ArrayList<>();
                    for (int i = 0; i < count; i++) {
                        values.add(element.read(in));
                    }
                    return List.copyOf(values);
                });
    }

    private static FieldCodec optional(FieldCodec element) {
        return new Simple<>(
                "optional " + element.layout(),
                Optional.class,
                (out, value) -> {
                    out.bool(value.isPresent());
                    if (value.isPresent()) {
                        element.write(out, value.get());
                    }
                },
                in -> in.bool() ? Optional.of(element.read(in)) : Optional.empty());
    }

    private static FieldCodec map(FieldCodec key, FieldCodec value) {
        return new Simple<>(
                "map of " + key.layout() + " to " + value.layout(),
                Map.class,
                (out, entries) -> {
                    out.int32(entries.size());
                    for (Object each : entries.entrySet()) {
                        Map.Entry<?, ?> entry = (Map.Entry<?, ?>) each;
                        key.write(out, entry.getKey());
                        value.write(out, entry.getValue());
                    }
                },
                in -> {
                    int count = in.count();
                    Map<Object, Object> entries = new TreeMap<>();
                    for (int i = 0; i < count; i++) {
                        entries.put(key.read(in), value.read(in));
                    }
                    return entries;
                });
    }

    private record DescriptorCodec() implements FieldCodec {
        @Override
        public void write(FieldWriter out, Object value) {
            out.descriptor((Descriptor) value);
        }

        @Override
        public Object read(FieldReader in) throws ControlViolation {
            return in.descriptor();
        }

        @Override
        public String layout() {
            return "descriptor";
        }

        @Override
        public int descriptors() {
            return 1;
        }
    }
}
