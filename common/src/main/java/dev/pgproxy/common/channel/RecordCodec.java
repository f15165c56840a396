package dev.pgproxy.common.channel;

import dev.pgproxy.common.loop.Descriptor;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Encodes a record as its components, in order. Primitives are not boxed: a message costs what it consists of, and nothing else. Method
 * handles are made at the first use of a record, since most processes never see most of them.
 */
final class RecordCodec implements FieldCodec {

    private static final MethodType WRITER = MethodType.methodType(void.class, FieldWriter.class, Object.class);
    private static final MethodType READER = MethodType.methodType(Object.class, FieldReader.class);

    private final Class<?> type;
    private final RecordComponent[] components;
    private final @Nullable FieldCodec[] codecs;
    private MethodHandle @Nullable [] writers;
    private @Nullable MethodHandle reader;

    /** @param type a public record */
    RecordCodec(Class<?> type) {
        this.type = type;
        this.components = type.getRecordComponents();
        this.codecs = new FieldCodec[components.length];
        for (int i = 0; i < components.length; i++) {
            codecs[i] = components[i].getType().isPrimitive() ? null : FieldCodecs.of(components[i]);
        }
    }

    Class<?> type() {
        return type;
    }

    @Override
    public void write(FieldWriter out, Object value) {
        MethodHandle[] handles = writers;
        if (handles == null) {
            handles = makeWriters();
            writers = handles;
        }
        try {
            for (MethodHandle writer : handles) {
                writer.invokeExact(out, value);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("an accessor of " + type.getSimpleName() + " throws", e);
        }
    }

    @Override
    public Object read(FieldReader in) throws ControlViolation {
        MethodHandle handle = reader;
        if (handle == null) {
            handle = makeReader();
            reader = handle;
        }
        try {
            return (Object) handle.invokeExact(in);
        } catch (IllegalArgumentException e) {
            // A field with a value that its type does not allow, such as a path with a zero byte.
            throw new ControlViolation(type.getSimpleName() + " with a field that cannot be: "
                    + e.getClass().getSimpleName());
        } catch (ControlViolation | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("the constructor of " + type.getSimpleName() + " throws", e);
        }
    }

    @Override
    public String layout() {
        StringBuilder text = new StringBuilder(type.getSimpleName()).append('(');
        for (int i = 0; i < components.length; i++) {
            FieldCodec codec = codecs[i];
            text.append(components[i].getName())
                    .append(' ')
                    .append(codec == null ? components[i].getType().getName() : codec.layout())
                    .append(", ");
        }
        return text.append(')').toString();
    }

    @Override
    public int descriptors() {
        int count = 0;
        for (FieldCodec codec : codecs) {
            count += codec == null ? 0 : codec.descriptors();
        }
        return count;
    }

    /** The descriptors of this record, for one that is not sent. */
    List<Descriptor> descriptorsOf(Object value) {
        List<Descriptor> descriptors = new ArrayList<>();
        for (RecordComponent component : components) {
            if (component.getType() == Descriptor.class) {
                try {
                    descriptors.add((Descriptor) component.getAccessor().invoke(value));
                } catch (ReflectiveOperationException e) {
                    throw new IllegalStateException("an accessor of " + type.getSimpleName() + " throws", e);
                }
            }
        }
        return descriptors;
    }

    /** For each component: gets it from the record and writes it. */
    private MethodHandle[] makeWriters() {
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        MethodHandle[] made = new MethodHandle[components.length];
        try {
            for (int i = 0; i < made.length; i++) {
                Class<?> of = components[i].getType();
                FieldCodec codec = codecs[i];
                MethodHandle write = codec == null
                        ? lookup.findVirtual(FieldWriter.class, primitive(of), MethodType.methodType(void.class, of))
                        : lookup.findVirtual(FieldCodec.class, "write", WRITER)
                                .bindTo(codec)
                                .asType(MethodType.methodType(void.class, FieldWriter.class, of));
                MethodHandle get = lookup.unreflect(components[i].getAccessor());
                made[i] = MethodHandles.filterArguments(write, 1, get).asType(WRITER);
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " cannot be a message", e);
        }
        return made;
    }

    /** Reads the components in order, and makes the record from them. */
    private MethodHandle makeReader() {
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        try {
            MethodHandle make = lookup.findConstructor(type, MethodType.methodType(void.class, types));
            make = MethodHandles.dropArguments(make, types.length, FieldReader.class);
            for (int i = types.length - 1; i >= 0; i--) {
                FieldCodec codec = codecs[i];
                MethodHandle read = codec == null
                        ? lookup.findVirtual(FieldReader.class, primitive(types[i]), MethodType.methodType(types[i]))
                        : lookup.findVirtual(FieldCodec.class, "read", READER)
                                .bindTo(codec)
                                .asType(MethodType.methodType(types[i], FieldReader.class));
                make = MethodHandles.foldArguments(make, i, read);
            }
            return make.asType(READER);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " cannot be a message", e);
        }
    }

    /** The method of {@link FieldWriter} and {@link FieldReader} for values of this type. */
    private static String primitive(Class<?> type) {
        if (type == int.class) {
            return "int32";
        } else if (type == long.class) {
            return "int64";
        } else if (type == boolean.class) {
            return "bool";
        } else if (type == double.class) {
            return "float64";
        }
        throw new IllegalArgumentException("no message can have a field of type " + type);
    }
}
