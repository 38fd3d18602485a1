import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Posts each body of its arguments by Java's own HTTP client, which offers HTTP/2, and prints what came as frames. */
public class Client {
    public static void main(String[] arguments) throws Exception {
        URI uri = URI.create("http://" + arguments[0] + ":" + arguments[1] + "/v1/chat/completions");
        HttpClient client = HttpClient.newHttpClient();
        PrintStream out = System.out;
        for (int index = 2; index < arguments.length; index++) {
            HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(60))
                .header("Content-Type", "application/json").POST(BodyPublishers.ofString(arguments[index])).build();
            HttpResponse<byte[]> response = client.send(request, BodyHandlers.ofByteArray());
            String type = response.headers().firstValue("content-type").orElse("");
            out.print(response.statusCode() + " " + type + " " + response.body().length + "\n");
            out.write(response.body());
        }
        out.flush();
    }
}
