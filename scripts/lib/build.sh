# For scripts that build pgproxy before they run something of it; read with ".", in the root of the repository.

# Builds all modules. Prints one line for each part, and one for every hundred files that Maven fetches the first time.
build_pgproxy() {
    command -v mvn >/dev/null || {
        echo "mvn is not to be found. HINT: Install Maven and a JDK 17 or newer." >&2
        exit 1
    }
    echo "Building pgproxy; the first time takes a few minutes:"
    { mvn -B -Dstyle.color=never -DskipTests package 2>&1 || echo "[FAILED]"; } | awk '
        /^\[INFO\] Building pgproxy/ { sub(/^\[INFO\] Building /, "  "); print; fflush(); next }
        /^Downloaded / && ++fetched % 100 == 0 { print "  " fetched " files fetched"; fflush() }
        /^\[ERROR\]/ { print; fflush() }
        /^\[FAILED\]/ { failed = 1; next }
        !/^\033?\[/ && !/^Download/ && NF { print; fflush() }
        END { exit failed }'
}

# The java of JAVA_HOME, or else of the PATH.
java_program() {
    if [ -n "${JAVA_HOME:-}" ]; then
        echo "$JAVA_HOME/bin/java"
    else
        echo java
    fi
}
