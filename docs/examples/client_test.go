package examples_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/adapters/mempassword"
	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/client"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/social"
)

// A program signs in, writes a post, reads why another one is refused, and goes
// through a list.
func Example_client() {
	ctx := context.Background()
	handler, err := memoryAPI()
	if err != nil {
		log.Fatal(err)
	}
	srv := httptest.NewServer(handler)
	defer srv.Close()

	c, err := client.New(client.Config{BaseURL: srv.URL})
	if err != nil {
		log.Fatal(err)
	}
	who, err := c.Register(ctx, client.Register{Email: "ann@example.org", Password: "correct horse battery staple"})
	if err != nil {
		log.Fatal(err)
	}
	c = c.As(client.NewRenewer(c, *who))

	if _, err := c.CreatePost(ctx, client.PostInput{Content: "We are live!", Tags: []string{"launch"}}); err != nil {
		log.Fatal(err)
	}
	_, err = c.CreatePost(ctx, client.PostInput{Content: "Nowhere.", Integrations: []client.TargetInput{{ID: "nobody"}}, Type: client.PostInputTypeNow})
	if refused, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(refused.Status, refused.Code, refused.Problems[0].Field)
	}
	for post, err := range c.AllPosts(ctx, client.ListPostsParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(post.State, post.Content)
	}
	// Output:
	// 400 validation_failed integrations[0].id
	// draft We are live!
}

// memoryAPI is an API that keeps everything in memory.
func memoryAPI() (http.Handler, error) {
	blobs, err := memblob.New(time.Now)
	if err != nil {
		return nil, err
	}
	sealer, err := memseal.New()
	if err != nil {
		return nil, err
	}
	hasher, err := mempassword.New(mempassword.Config{})
	if err != nil {
		return nil, err
	}
	eng, err := core.New(core.Config{
		Store: memstore.New(), Blobs: blobs, Sealer: sealer, Hasher: hasher, Providers: []social.Provider{&wall{}},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	api := humago.New(mux, httpapi.NewConfig("Crier", "1.0.0"))
	return mux, httpapi.Register(api, eng, httpapi.Config{Secret: make([]byte, httpapi.MinSecret), PublicURL: "https://crier.example"})
}
