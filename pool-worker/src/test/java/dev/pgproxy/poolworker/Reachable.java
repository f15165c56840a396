package dev.pgproxy.poolworker;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What an object keeps alive: everything that can be reached from it through fields of our own classes, arrays and collections. */
public final class Reachable {

    private final Set<Object> found = Collections.newSetFromMap(new IdentityHashMap<>());
    private final ArrayDeque<Object> unseen = new ArrayDeque<>();
    private final Set<Class<?>> shared;

    private Reachable(Set<Class<?>> shared) {
        this.shared = shared;
    }

    /** @param shared classes whose objects do not belong to the root, and are skipped */
    public static Reachable from(Object root, Set<Class<?>> shared) {
        Reachable reachable = new Reachable(shared);
        reachable.note(root);
        while (!reachable.unseen.isEmpty()) {
            reachable.lookInto(reachable.unseen.remove());
        }
        return reachable;
    }

    private void note(@Nullable Object object) {
        if (object == null
                || object instanceof Enum
                || object instanceof Class
                || shared.stream().anyMatch(type -> type.isInstance(object))) {
            return;
        }
        if (found.add(object)) {
            unseen.add(object);
        }
    }

    private void lookInto(Object object) {
        if (object instanceof Object[]) {
            for (int i = 0; i < Array.getLength(object); i++) {
                note(Array.get(object, i));
            }
        } else if (object instanceof Collection<?> collection) {
            collection.forEach(this::note);
        } else if (object instanceof Map<?, ?> map) {
            map.keySet().forEach(this::note);
            map.values().forEach(this::note);
        } else if (object instanceof Optional<?> optional) {
            optional.ifPresent(this::note);
        } else if (object.getClass().getName().startsWith("dev.pgproxy.")) {
            for (Class<?> type = object.getClass(); type != null && type != Object.class; type = type.getSuperclass()) {
                for (Field field : type.getDeclaredFields()) {
                    noteField(object, field);
                }
            }
        }
    }

    private void noteField(Object object, Field field) {
        if (Modifier.isStatic(field.getModifiers()) || field.getType().isPrimitive()) {
            return;
        }
        try {
            field.setAccessible(true);
            note(field.get(object));
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    /** The simple class names of all objects found. */
    public Set<String> classes() {
        return found.stream().map(object -> object.getClass().getSimpleName()).collect(Collectors.toSet());
    }

    /** The class names of all objects found, one for each object. */
    List<String> objects() {
        return found.stream()
                .map(object -> object.getClass().getSimpleName())
                .sorted()
                .toList();
    }

    /** Bytes in arrays and strings. */
    int bytes() {
        return found.stream()
                .mapToInt(object -> object instanceof byte[] array
                        ? array.length
                        : object instanceof String text ? text.length() : 0)
                .sum();
    }
}
