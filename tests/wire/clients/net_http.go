// Go's net/http: plain, with leave to continue asked for, with a packed body, and with a body of unknown length.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	for _, kind := range []string{"plain", "continued", "gzip", "chunked"} {
		for at, name := range []string{"whole", "streamed"} {
			var body io.Reader = bytes.NewBufferString(os.Args[2+at])
			if kind == "gzip" {
				packed := new(bytes.Buffer)
				writer := gzip.NewWriter(packed)
				io.Copy(writer, body)
				writer.Close()
				body = packed
			}
			if kind == "chunked" {
				body = io.MultiReader(body)
			}
			request, _ := http.NewRequest("POST", os.Args[1]+"/v1/chat/completions", body)
			request.Header.Set("Authorization", "Bearer akml-go")
			request.Header.Set("Content-Type", "application/json")
			if kind == "continued" {
				request.Header.Set("Expect", "100-continue")
			}
			if kind == "gzip" {
				request.Header.Set("Content-Encoding", "gzip")
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				fmt.Println(kind+"-"+name, 0, err)
				continue
			}
			read, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			fmt.Printf("%s-%s %d %s\n", kind, name, answer.StatusCode, base64.StdEncoding.EncodeToString(read))
		}
	}
}
