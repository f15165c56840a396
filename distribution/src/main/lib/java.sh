# How pgproxy finds and starts Java; read with ".", after home was set to the root of pgproxy's tree.

# The version of a Java home, such as 17.0.15, from the file that every JDK and JRE brings, or else from java itself.
java_version() {
    version=
    if [ -r "$1/release" ]; then
        version=$(sed -n 's/^JAVA_VERSION="\([0-9._]*\).*/\1/p' "$1/release")
    fi
    if [ -z "$version" ]; then
        version=$("$1/bin/java" -version 2>&1 | sed -n '1s/.*version "\([0-9._]*\).*/\1/p')
    fi
    echo "${version:-0}"
}

java_major() {
    version=$(java_version "$1")
    echo "${version%%.*}"
}

usable() {
    [ -n "$1" ] && [ -x "$1/bin/java" ] && [ "$(java_major "$1")" -ge 17 ]
}

# Java 17 or newer is taken from the first of: $PGPROXY_JAVA_HOME, $JAVA_HOME, java on the PATH, /usr/lib/jvm.
find_java() {
    on_path=$(command -v java || true)
    if [ -n "$on_path" ]; then
        on_path=$(dirname "$(dirname "$(readlink -f "$on_path")")")
    fi
    for candidate in "${PGPROXY_JAVA_HOME:-}" "${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/*; do
        if usable "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

# Sets java_home, or exits.
require_java() {
    java_home=$(find_java) || {
        echo "$(basename "$0"): no Java 17 or newer was found." >&2
        echo "    HINT: Install one (Debian: openjdk-17-jre-headless), or set PGPROXY_JAVA_HOME to where it is." >&2
        exit 1
    }
    java_home=$(readlink -f "$java_home") # It has one name, however it was found.
}

# The jars in an order that does not depend on the file system: an archive of classes fits one class path only.
class_path() (
    LC_ALL=C
    path=
    for jar in "$home"/lib/*.jar; do
        path=$path${path:+:}$jar
    done
    echo "$path"
)

# The archive of classes that bin/pgproxy-archive makes. Where the tree is, is in its name: one that was copied along with the tree is never
# taken for the copy's own, nor overwritten while processes of the tree that it was made for have it in their memory.
archive=$home/lib/pgproxy-$(printf %s "$home" | cksum | cut -d ' ' -f 1).jsa

# All that the archive depends on, and its own size: the JVM would crash in one that was cut short. The dates of our own jars are those of
# the release, so their contents count. Fails when anything is missing.
archive_state() (
    LC_ALL=C
    echo "$java_home" &&
        cat "$java_home/release" &&
        stat -c '%n %s %Y' "$home"/lib/*.jar "$archive" &&
        cksum "$home"/lib/pgproxy-*.jar
) 2>/dev/null

archive_fits() {
    [ -r "$archive" ] && [ -r "$archive.fits" ] && state=$(archive_state) && [ "$state" = "$(cat "$archive.fits")" ]
}
