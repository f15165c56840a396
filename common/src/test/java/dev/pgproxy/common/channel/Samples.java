package dev.pgproxy.common.channel;

import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.loop.Descriptor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/** A message of any kind, with values from a seed. */
final class Samples {

    private static final List<String> TEXTS =
            List.of("", "app", "db.example.com", "caf\u00e9", "\u65e5\u672c", "a b\nc");

    private final Random random;

    Samples(long seed) {
        random = new Random(seed);
    }

    /** A descriptor without a connection. */
    static final class PlayedDescriptor implements Descriptor {
        private boolean closed;

        @Override
        public void close() {
            closed = true;
        }

        boolean isClosed() {
            return closed;
        }
    }

    ControlMessage of(Class<?> type) {
        return (ControlMessage) record(type);
    }

    private Object record(Class<?> type) {
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        for (int i = 0; i < values.length; i++) {
            types[i] = components[i].getType();
            values[i] = value(components[i].getGenericType());
        }
        try {
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type.toString(), e);
        }
    }

    private Object value(Type type) {
        if (type instanceof ParameterizedType generic) {
            return generic(generic);
        }
        Class<?> of = (Class<?>) type;
        if (of == int.class) {
            return random.nextInt();
        } else if (of == long.class || of == Long.class) {
            return random.nextLong();
        } else if (of == boolean.class) {
            return random.nextBoolean();
        } else if (of == double.class) {
            return random.nextDouble();
        } else if (of == String.class) {
            return TEXTS.get(random.nextInt(TEXTS.size()));
        } else if (of == byte[].class) {
            byte[] bytes = new byte[random.nextInt(20)];
            random.nextBytes(bytes);
            return bytes;
        } else if (of == Duration.class) {
            return Duration.ofMillis(random.nextInt());
        } else if (of == Path.class) {
            return Path.of("/etc/" + random.nextInt());
        } else if (of == Descriptor.class) {
            return new PlayedDescriptor();
        } else if (of.isEnum()) {
            return constant(of);
        } else if (of.isRecord()) {
            return record(of);
        }
        Class<?>[] variants = of.getPermittedSubclasses();
        return record(variants[random.nextInt(variants.length)]);
    }

    private Object constant(Class<?> type) {
        Object[] constants = type.getEnumConstants();
        return constants[random.nextInt(constants.length)];
    }

    private Object generic(ParameterizedType type) {
        Type element = type.getActualTypeArguments()[0];
        if (type.getRawType() == Optional.class) {
            return random.nextBoolean() ? Optional.of(value(element)) : Optional.empty();
        }
        List<Object> values = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            values.add(value(element));
        }
        if (type.getRawType() == List.class) {
            return values;
        } else if (type.getRawType() == Map.class) {
            Map<Object, Object> entries = new TreeMap<>();
            values.forEach(key -> entries.put(key, value(type.getActualTypeArguments()[1])));
            return entries;
        }
        return new LinkedHashSet<>(values);
    }
}
