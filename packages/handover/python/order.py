"""The order of cnnzoo's DataLoader: the same seed shows the same images in the same batches here and in JavaScript."""

import math

from torch.utils.data import DistributedSampler

MASK = 0xFFFFFFFF


def mix(x):
    """lowbias32, as cnnzoo mixes seeds."""
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & MASK
    x = ((x ^ (x >> 15)) * 0x846CA68B) & MASK
    return x ^ (x >> 16)


def permutation(count, seed, *stream):
    """0 to count - 1 in the order of cnnzoo's randomGenerator(seed, ...stream): Fisher and Yates's shuffle, by xoshiro128**."""
    state = 0x9E3779B9
    for value in (seed, *stream):
        state = mix((state + mix(value & MASK) + 0x9E3779B9) & MASK)
        state = mix(state ^ (value >> 32))
    a, b, c, d = (mix((state + step) & MASK) for step in (0x9E3779B9, 0x3C6EF372, 0xDAA66D2B, 0x78DDE6E4))
    d |= 1
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        scrambled = (b * 5) & MASK
        bits = (((scrambled << 7) | (scrambled >> 25)) * 9) & MASK
        shifted = (b << 9) & MASK
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = ((d << 11) | (d >> 21)) & MASK
        j = (i + 1) * bits >> 32
        order[i], order[j] = order[j], order[i]
    return order


class Order(DistributedSampler):
    """An epoch's order from a batch on, shared by the processes: together they see the images of each of cnnzoo's batches.

    Nothing is shown twice, unless the last batch has fewer images than there are processes."""

    def __init__(self, dataset, batch_size, seed, rank, processes):
        super().__init__(dataset, num_replicas=processes, rank=rank, shuffle=False)
        self.batch_size, self.seed, self.first_batch = batch_size, seed, 0
        self.filled = max(0, processes - (len(dataset) % batch_size or processes))

    def begin(self, epoch, first_batch):
        self.set_epoch(epoch)
        self.first_batch = first_batch

    def __iter__(self):
        order = permutation(len(self.dataset), self.seed, self.epoch)
        return iter((order + order[: self.filled])[self.begins() :: self.num_replicas])

    def __len__(self):
        return len(range(self.begins(), len(self.dataset) + self.filled, self.num_replicas))

    def begins(self):
        return self.first_batch * self.batch_size + self.rank


def split(labels, classes, share, seed):
    """Sets a share of each class aside, as cnnzoo's split(dataset, { training, validation }): the indices of both parts."""
    shares, parts, carried = (1 - share, share), ([], []), [0.0, 0.0]
    for label in range(classes):
        group = [index for index, each in enumerate(labels) if each == label]
        order, taken = permutation(len(group), seed, label), 0
        for part, part_share in enumerate(shares):
            wanted = part_share * len(group) + carried[part]
            # JavaScript's Math.round.
            count = min(max(0, math.floor(wanted + 0.5)), len(group) - taken)
            carried[part] = wanted - count
            parts[part].extend(group[place] for place in order[taken : taken + count])
            taken += count
    return tuple(sorted(part) for part in parts)
