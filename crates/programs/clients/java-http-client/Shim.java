import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** java.net.http.HttpClient, asynchronous. */
public class Shim {
    static final Map<Long, CompletableFuture<?>> underWay = new ConcurrentHashMap<>();
    static String base;
    static HttpClient client;

    public static void main(String[] arguments) throws IOException {
        // Restricted fields may be set by nobody but the client.
        System.setProperty("jdk.httpclient.allowRestrictedHeaders", "connection,content-length,expect,host,upgrade");
        var commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = commands.readLine()) != null; ) obey(line);
        System.exit(0);
    }

    static void obey(String line) {
        switch (text(line, "op")) {
            case "configure" -> configure(line);
            case "send" -> send(line);
            case "cancel" -> {
                var waiting = underWay.get(number(line, "n"));
                if (waiting != null) waiting.cancel(true);
            }
            case "close" -> {
                // Since Java 21 it can be closed; before that, it ends with whoever holds it.
                if ((Object) client instanceof AutoCloseable closeable) close(closeable);
                client = null;
                System.gc();
                say("{\"n\":" + number(line, "n") + "}");
            }
            default -> client = null;
        }
    }

    static void close(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    static void configure(String line) {
        base = text(line, "base");
        var builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
        Long limit = number(line, "connect_timeout");
        if (limit != null) builder.connectTimeout(Duration.ofMillis(limit));
        client = builder.build();
        say("{\"n\":0,\"version\":" + quoted(Runtime.version().toString()) + "}");
    }

    static void send(String line) {
        long n = number(line, "n");
        Long length = number(line, "body");
        var body = length == null
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofByteArray("x".repeat(length.intValue()).getBytes(StandardCharsets.US_ASCII));
        var request = HttpRequest.newBuilder(URI.create(base + text(line, "path"))).method(text(line, "method"), body);
        Matcher fields = FIELD.matcher(line.substring(line.indexOf("\"headers\"")));
        while (fields.find()) request.header(plain(fields.group(1)), plain(fields.group(2)));
        var sent = client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.ISO_8859_1));
        underWay.put(n, sent);
        sent.whenComplete((response, error) -> {
            underWay.remove(n);
            if (error == null) {
                say("{\"n\":" + n + ",\"status\":" + response.statusCode() + ",\"body\":" + quoted(response.body()) + ",\"end\":\"complete\"}");
            } else if (!sent.isCancelled()) {
                Throwable cause = error instanceof CompletionException ? error.getCause() : error;
                say("{\"n\":" + n + ",\"kind\":\"" + kind(cause) + "\",\"message\":" + quoted(cause.toString()) + "}");
            }
        });
    }

    static String kind(Throwable error) {
        if (error instanceof HttpConnectTimeoutException || error instanceof ConnectException) return "connect";
        if (error instanceof HttpTimeoutException) return "timeout";
        String message = String.valueOf(error.getMessage());
        if (message.contains("reset") || message.contains("Broken pipe")) return "reset";
        return error instanceof IOException ? "closed" : "other";
    }

    static synchronized void say(String answer) {
        System.out.println(answer);
        System.out.flush();
    }

    // What closewait writes is known: no other JSON has to be understood.
    static final Pattern FIELD = Pattern.compile("\\[\"((?:[^\"\\\\]|\\\\.)*)\",\"((?:[^\"\\\\]|\\\\.)*)\"]");

    static String text(String line, String key) {
        Matcher found = Pattern.compile("\"" + key + "\":\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(line);
        return found.find() ? plain(found.group(1)) : null;
    }

    static Long number(String line, String key) {
        Matcher found = Pattern.compile("\"" + key + "\":(\\d+)").matcher(line);
        return found.find() ? Long.valueOf(found.group(1)) : null;
    }

    static String plain(String quoted) {
        return quoted.replace("\\\"", "\"").replace("\\\\", "\\");
    }

    static String quoted(String text) {
        var quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') quoted.append('\\').append(c);
            else if (c < 0x20) quoted.append(String.format("\\u%04x", (int) c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }
}
