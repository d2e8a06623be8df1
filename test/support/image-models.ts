/** Models of images with every layer that looks at neighbourhoods. */
export const imageModels: readonly { readonly name: string; readonly text: string }[] = [
  {
    name: "a convolutional VAE, strides of 2, an output layer at each place",
    text: `model M {
  size L = 2
  net encoder(Tensor[6, 5, 1]) -> (Vector[L], Vector[L]) = conv(3, 3, tanh, stride: 2) |> conv(2, 2, softplus) |> flatten() |> dense(4, tanh)
  net decoder(Vector[L]) -> Tensor[6, 6, 1] = dense(18, tanh) |> reshape(3, 3, 2) |> deconv(3, 4, softplus, stride: 2)
  each n {
    latent z: Vector[L] ~ Normal(0, 1)
    given u: Tensor[6, 5, 1]
    observe x: Binary[6, 6, 1] ~ Bernoulli(logits: decoder(z))
  }
  guide { let (m, s) = encoder(u)  z ~ Normal(m, sd: softplus(s)) }
}`,
  },
  {
    name: "pools, windows without padding, an image among several inputs",
    text: `model M {
  size L = 2, K = 3
  net encoder(Tensor[7, 6, 2], Category[K], Vector[L]) -> (Vector[L], Vector[L]) = conv(4, 3, tanh, padding: valid) |> pool(2, max) |> flatten()
  net decoder(Vector[L]) -> Vector[5] = dense(32, tanh) |> reshape(4, 4, 2) |> residual(conv(2, 3, tanh), conv(2, 1, silu)) |> deconv(2, 3, lrelu(0.2), stride: 3, padding: valid) |> pool(3, mean) |> reshape(4, 2, 4) |> conv(2, 2, elu) |> flatten()
  each n {
    given c: Category[K]
    given v: Vector[L]
    given u: Tensor[7, 6, 2]
    latent z: Vector[L] ~ Normal(0, 1)
    observe x: Vector[5] ~ Normal(decoder(z), 1)
  }
  guide { let (m, s) = encoder(u, c, v)  z ~ Normal(m, sd: softplus(s)) }
}`,
  },
];

/** A generator of images and a critic that looks at neighbourhoods, under a penalty on the critic's slope. */
export function imageGameText(options: string): string {
  return `model Game {
  size L = 2
  net generator(Vector[L]) -> Tensor[6, 6, 1] = dense(18, tanh) |> reshape(3, 3, 2) |> deconv(3, 4, softplus, stride: 2)
  net judge(Tensor[6, 6, 1]) -> Real = conv(3, 4, softplus, stride: 2) |> conv(2, 3, tanh) |> flatten()
  each n {
    latent z: Vector[L] ~ Normal(0, 1)
    observe x: Tensor[6, 6, 1] = generator(z)
  }
  critic judge(x)
  learn adversarial { ${options} }
}`;
}
