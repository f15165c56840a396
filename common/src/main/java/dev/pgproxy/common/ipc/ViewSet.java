package dev.pgproxy.common.ipc;

import dev.pgproxy.common.view.View;
import java.util.EnumSet;
import java.util.Set;

/** Sets of tables as one number in a message. */
public final class ViewSet {

    private ViewSet() {}

    public static int encode(Set<View> views) {
        return views.stream().mapToInt(view -> 1 << view.code()).sum();
    }

    /** Unknown bits are left out. */
    public static Set<View> decode(int bits) {
        Set<View> views = EnumSet.noneOf(View.class);
        for (View view : View.values()) {
            if ((bits & (1 << view.code())) != 0) {
                views.add(view);
            }
        }
        return views;
    }
}
